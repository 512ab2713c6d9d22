"""The steps of GitHub's jobs. Scripts hold no value of the config: they read variables."""

from collections.abc import Iterator, Mapping, Sequence

from polyarch.ci.pipelines.logins import JOB_TOKEN, Origin, Variable
from polyarch.ci.pipelines.pins import BUILDX, CHECKOUT, QEMU, UPLOAD, Pin
from polyarch.ci.pipelines.shape import JOURNALS, Leg, Pipeline
from polyarch.ci.pipelines.yaml_text import Node, Noted

Step = Mapping[str, Node]

_WATCHED = "github.event_name == 'schedule' && github.event.schedule == '{}'"

NO_PULL_REQUEST = "github.event_name != 'pull_request'"
"""Where secrets are."""

PARTS_FILE = '"$RUNNER_TEMP/parts.json"'

_BINFMT = "docker.io/tonistiigi/binfmt:qemu-v10.2.3-68"
"""A release of the emulators (github.com/tonistiigi/binfmt, releases)."""

_KEPT_DAYS = 30


def preparing(
    pipeline: Pipeline, pins: Mapping[str, Pin], *, emulated: Sequence[Leg] = ()
) -> Iterator[Step]:
    """Everything before a verb runs; QEMU goes before the builder, which asks for emulators."""
    yield {
        "name": "Check out",
        "uses": _pinned(pins[CHECKOUT]),
        "with": {
            "persist-credentials": False,
            "fetch-depth": 0,
            **({"ref": "${{ env.POLYARCH_REF }}"} if pipeline.triggers.dispatch else {}),
        },
    }
    if emulated:
        words = ",".join(dict.fromkeys(_emulator(leg) for leg in emulated))
        yield {
            "name": "Set up QEMU",
            "uses": _pinned(pins[QEMU]),
            "with": {"image": _BINFMT, "platforms": words},
        }
    yield install(pipeline)


def is_watch(pipeline: Pipeline) -> str:
    """The condition of a run that watches; empty where none does.

    Times are of letters, digits and few signs (`running_forms.CRON`), and close no text.
    """
    return _WATCHED.format(pipeline.triggers.watch) if pipeline.triggers.watch else ""


def condition(pipeline: Pipeline, *conditions: str) -> dict[str, Node]:
    """The `if` of a job that does not watch; nothing where it always runs."""
    watched = is_watch(pipeline)
    every = [*conditions, *([f"!({watched})"] if watched else [])]
    return {"if": f"${{{{ {' && '.join(every)} }}}}"} if every else {}


def builder(pipeline: Pipeline, pins: Mapping[str, Pin]) -> Iterator[Step]:
    """A builder that writes OCI images, which the engine's own does not do everywhere."""
    if pipeline.engine:
        yield {"name": "Set up Buildx", "uses": _pinned(pins[BUILDX])}


def install(pipeline: Pipeline) -> Step:
    """How polyarch comes to the machine."""
    return {"name": "Install polyarch", "run": pipeline.install}


def freshness(pipeline: Pipeline) -> Iterator[Step]:
    """Pull requests tell where the file is stale; one of the jobs asks."""
    if pipeline.usual_place:
        yield {
            "name": "Is this file fresh?",
            "if": "${{ github.event_name == 'pull_request' }}",
            **({"env": _config(pipeline)} if _config(pipeline) else {}),
            "run": f"exec polyarch ci github --check{options(pipeline)}\n",
        }


def verb(
    name: str, run: str, variables: Mapping[str, str], pipeline: Pipeline, *, step: str
) -> Step:
    """A call of polyarch; `exec` lets a cancelled job's signal reach it."""
    given = {**_config(pipeline), **variables}
    return {"name": name, "id": step, **({"env": given} if given else {}), "run": f"exec {run}\n"}


def options(pipeline: Pipeline) -> str:
    """The options that every verb of the project takes."""
    words = ""
    if pipeline.file != "polyarch.toml":
        words += ' --config "$POLYARCH_CONFIG"'
    if pipeline.environment:
        words += ' --env "$POLYARCH_ENVIRONMENT"'
    return words


def stage_option(pipeline: Pipeline) -> str:
    """Where parts are staged; GitHub's registry takes names in lower case alone."""
    if pipeline.stage_to is None:
        return ""
    if pipeline.stage_to:
        return ' --stage-to "$POLYARCH_STAGE_TO"'
    word = "-$POLYARCH_ENVIRONMENT" if pipeline.environment else ""
    return f' --stage-to "{pipeline.own_registry}/${{GITHUB_REPOSITORY,,}}{word}-stage"'


def stage_variable(pipeline: Pipeline) -> dict[str, str]:
    """What `stage_option` reads."""
    return {"POLYARCH_STAGE_TO": literal(pipeline.stage_to)} if pipeline.stage_to else {}


def records(word: str, pipeline: Pipeline, pins: Mapping[str, Pin]) -> Iterator[Step]:
    """What stays of a job: its summary, and its records and logs."""
    kept = f"{_below(pipeline.folder)}.polyarch/runs/"
    yield {
        "name": "Summary",
        "if": "${{ always() }}",
        "continue-on-error": True,
        **({"env": _config(pipeline)} if _config(pipeline) else {}),
        "run": "exec polyarch runs report last --markdown"
        f'{options(pipeline)} >> "$GITHUB_STEP_SUMMARY"\n',
    }
    yield {
        "name": "Keep records and logs",
        "if": "${{ always() }}",
        "uses": _pinned(pins[UPLOAD]),
        "with": {
            "name": f"polyarch-{word}-${{{{ github.run_attempt }}}}",
            "path": f"{kept}\n!{kept}{JOURNALS}\n",
            "include-hidden-files": True,
            "if-no-files-found": "ignore",
            "retention-days": _KEPT_DAYS,
        },
    }


def values(
    variables: Sequence[Variable], *, pull_requests: bool, with_secrets: bool = True
) -> dict[str, str]:
    """Variables as GitHub's expressions; with `pull_requests` they are empty in those.

    Without `with_secrets` the CI's own registry gets the job's token alone.
    """
    return {
        each.name: _expression(each, pull_requests=pull_requests, with_secrets=with_secrets)
        for each in variables
    }


def literal(text: str) -> str:
    """A text in which GitHub finds no expression."""
    return text.replace("${{", "${{ '${{' }}")


def _expression(variable: Variable, *, pull_requests: bool, with_secrets: bool) -> str:
    value = _source(variable, with_secrets=with_secrets)
    if not pull_requests:
        return f"${{{{ {value} }}}}"
    inner = f"({value})" if "||" in value else value
    return f"${{{{ {NO_PULL_REQUEST} && {inner} || '' }}}}"


def _source(variable: Variable, *, with_secrets: bool) -> str:
    name = variable.created
    match variable.origin:
        case Origin.SECRET:
            return f"secrets.{name}"
        case Origin.PLAIN:
            return f"vars.{name} || secrets.{name}"
        case Origin.JOB_USER:
            return f"vars.{name} || github.actor"
        case Origin.JOB_TOKEN:
            own = name == JOB_TOKEN or not with_secrets
            return "github.token" if own else f"secrets.{name} || github.token"


def _config(pipeline: Pipeline) -> dict[str, str]:
    found: dict[str, str] = {}
    if pipeline.file != "polyarch.toml":
        found["POLYARCH_CONFIG"] = literal(pipeline.file)
    if pipeline.environment:
        found["POLYARCH_ENVIRONMENT"] = literal(pipeline.environment)
    return found


def _pinned(pin: Pin) -> Noted:
    return Noted(text=f"{pin.action}@{pin.sha}", note=pin.tag)


def _emulator(leg: Leg) -> str:
    """What the action calls an emulator: the architecture, and for arm no variant."""
    return leg.platform.architecture


def _below(folder: str) -> str:
    return "" if folder == "." else f"{folder}/"


def runner(labels: tuple[str, ...]) -> Node:
    """The machine of a job: one label, or all that it must have."""
    return labels[0] if len(labels) == 1 else list(labels)
