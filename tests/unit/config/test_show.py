"""`config show`: the resolved table, its sources, no secrets, and as TOML again the same image."""

import tomllib

from hypothesis import given

from polyarch.config.load import load_text
from polyarch.config.resolve import Override
from polyarch.config.show import as_toml, image_rows
from polyarch.config.toml import toml_value
from polyarch.errors import InvalidConfigError
from tests.support.config_documents import EXAMPLE, MINIMAL, as_text, likely, values

SMALL = """\
[defaults]
context = "{image}"
dockerfile = "deploy/docker/Dockerfile.{image}"
tags = ["type=sha"]
[images.bot]
platforms = ["linux/amd64"]
"tags+" = ["type=schedule"]
max-age = "1d"
[publish]
on = ["release"]
[environments.staging]
repositories = ["registry.internal:5000/staging/{image}"]
"""

SHOWN = """\
[images.bot]
platforms = ["linux/amd64"]                            # polyarch.toml:6
repositories = ["registry.internal:5000/staging/bot"]  # polyarch.toml:12 (environment staging)
tags = ["type=sha", "type=schedule"]                   # polyarch.toml:4 + polyarch.toml:7
annotation-levels = ["index"]                          # default
flavor = []                                            # default
digest-policy = "same"                                 # default
tag-policy = "guarded"                                 # default
reuse = "layers"                                       # default
max-age = "1d"                                         # polyarch.toml:8
schedule-rebuilds = false                              # default
gates = []                                             # default
after-publish = []                                     # default
public = false                                         # default
context = "bot"                                        # polyarch.toml:2
dockerfile = "deploy/docker/Dockerfile.bot"            # polyarch.toml:3
target = ""                                            # default
engine = "buildah"                                     # --engine
smoke-test = []                                        # default
secrets = []                                           # default
ssh = []                                               # default
strategy = "auto"                                      # default
allow-emulation = true                                 # default
alias-tags = []                                        # default

[publish]
on = ["release"]               # polyarch.toml:10
on-registry-failure = "abort"  # default
build-forks = true             # default

[verify]
allow = []      # default
attach = false  # default

[watch]
nightly-max-age = "2d"  # default
sample = 1              # default

[prune]
max-age = "30d"  # default
keep = 10        # default
keep-tags = []   # default
"""


def test_an_image_of_the_example():
    rows = image_rows(load_text(EXAMPLE), "server")
    told = {str(row.to_json()["key"]): row.source for row in rows}
    assert told["images.server.context"] == "polyarch.toml:6"
    assert told["images.server.build-args.VERSION"] == "polyarch.toml:12"
    assert told['images.server.platform."linux/arm64".build-args.GOPROXY'] == "polyarch.toml:15"
    assert 'images.server.platform."linux/arm64".build-args.VERSION' not in told
    assert told["images.server.engine"] == "default"
    assert told["publish.on"] == "polyarch.toml:34"
    assert told['registries."docker.io".password-env'] == "polyarch.toml:38"
    assert not any("localhost" in key for key in told)


def test_the_text_is_a_document_with_its_sources_in_comments():
    engine = Override(flag="--engine", image={"engine": "buildah"})
    project = load_text(SMALL, environment="staging", overrides=[engine])
    assert as_toml(image_rows(project, "bot")) == SHOWN


def test_a_command_that_prints_a_password_is_shown_by_its_name_only():
    text = MINIMAL.replace("\n", '\nrepositories = ["ghcr.io/a/b"]\n', 1) + (
        '[registries."ghcr.io"]\npassword-command = ["sh", "-c", "echo s3cr3t"]\n'
    )
    shown = as_toml(image_rows(load_text(text), "app"))
    assert 'password-command = ["sh", "…"]' in shown
    assert "s3cr3t" not in shown


@given(likely.map(as_text))
def test_what_is_shown_is_toml_and_means_the_same_image(text: str):
    try:
        project = load_text(text)
    except InvalidConfigError:
        return
    for name, image in project.images.items():
        shown = as_toml(image_rows(project, name))
        again = load_text(shown).images[name]
        assert (again.platforms, again.repositories, again.tags) == (
            image.platforms, image.repositories, image.tags,
        )  # fmt: skip
        for platform in image.platforms:
            left, right = image.for_platform(platform), again.for_platform(platform)
            assert (left.context, left.dockerfile, left.target) == (
                right.context, right.dockerfile, right.target,
            )  # fmt: skip
            assert (left.build_args, left.labels) == (right.build_args, right.labels)


@given(values)
def test_any_value_is_written_as_toml_reads_it(value):
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value
