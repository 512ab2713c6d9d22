"""A Makefile with the verbs: the same commands for people and for any CI that can run make."""

from collections.abc import Mapping

from polyarch.ci.pipelines.head import head
from polyarch.ci.pipelines.pins import Pin
from polyarch.ci.pipelines.shape import Pipeline

FILE = "polyarch.mk"

_BODY = """\
# `make -f polyarch.mk` lists what there is; `include polyarch.mk` brings it into another Makefile.

POLYARCH ?= polyarch
{variables}
export PLATFORM PARTS{exported}

.PHONY: polyarch-help polyarch-plan polyarch-build polyarch-rehearse polyarch-stage polyarch-join \\
  polyarch-publish polyarch-lint polyarch-watch polyarch-prune

polyarch-help: ## list the targets
	@sed -nE 's/^(polyarch-[a-z]+):[^#]*## (.*)/\\1: \\2/p' $(MAKEFILE_LIST)

polyarch-plan: ## what would be built where, and which tags would move
	@exec $(POLYARCH) plan{options}

polyarch-lint: ## multi-architecture problems of the Dockerfiles
	@exec $(POLYARCH) lint{options}

polyarch-build: ## build every platform, prove what came out
	@exec $(POLYARCH) build{options}

polyarch-rehearse: ## publish to registries of this machine
	@exec $(POLYARCH) publish --sandbox{options}

polyarch-stage: ## in one of several jobs: build PLATFORM and push it by digest, without a tag
	@test -n "$$PLATFORM" || {{ echo "PLATFORM=linux/arm64, for example" >&2; exit 2; }}
	@exec $(POLYARCH) build --platform "$$PLATFORM" --stage{options}

polyarch-join: ## in the last job: publish what the others staged, with their records in PARTS
	@exec $(POLYARCH) publish --parts "$$PARTS"{options}

polyarch-publish: ## build, prove and publish, where the event may
	@exec $(POLYARCH) publish{options}

polyarch-watch: ## is what is published whole, the same everywhere, and fresh
	@exec $(POLYARCH) watch{options}

polyarch-prune: ## what may go from registries; nothing is removed
	@exec $(POLYARCH) prune{options}
"""


def makefile(pipeline: Pipeline, _pins: Mapping[str, Pin]) -> str:
    """The text of the file; paths and names in it are of harmless characters alone."""
    place = pipeline.file if pipeline.folder == "." else f"{pipeline.folder}/{pipeline.file}"
    variables = ["PARTS ?= .polyarch/parts"]
    options = exported = ""
    if place != "polyarch.toml":
        variables.append(f"POLYARCH_CONFIG ?= {place}")
        exported += " POLYARCH_CONFIG"
        options += ' --config "$$POLYARCH_CONFIG"'
    if pipeline.environment:
        variables.append(f"POLYARCH_ENVIRONMENT ?= {pipeline.environment}")
        exported += " POLYARCH_ENVIRONMENT"
        options += ' --env "$$POLYARCH_ENVIRONMENT"'
    body = _BODY.format(variables="\n".join(variables), exported=exported, options=options)
    return head(pipeline).rstrip("\n") + "\n" + body
