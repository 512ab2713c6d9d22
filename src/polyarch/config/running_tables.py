"""The keys around runs: who is told, what starts them in a CI, where their records stay."""

from typing import Annotated, Literal

from msgspec import Meta

from polyarch.config import running_forms
from polyarch.config.table import Table, Variable, Words, doc


class NotifyTable(Table, frozen=True):
    """Who is told about a run."""

    on: Annotated[
        tuple[Literal["failure", "recovery", "success", "act"], ...],
        doc(
            "What is told: a failure, the first success after one, every success, and what people"
            " do to published images: `promote`, `tag`, `rollback`, `undo`."
        ),
    ] = ("failure", "recovery", "act")
    urls_env: Annotated[
        Variable,
        doc(
            "Variable with the addresses, one a line: each is a secret. `polyarch notify --help`"
            " lists their forms."
        ),
    ] = "POLYARCH_NOTIFY_URLS"
    secret_env: Annotated[
        Variable | None,
        doc("Variable with the key that signs what plain webhooks get (HMAC-SHA256)."),
    ] = None


class TriggersTable(Table, frozen=True):
    """What starts the generated pipeline. Without keys of its own: what `[publish] on` lists."""

    branches: Annotated[Words, doc("Branches whose pushes start it, as the CI's patterns.")] = ()
    tags: Annotated[Words, doc("Tags whose pushes start it, as the CI's patterns.")] = ()
    release: Annotated[bool | None, doc("Whether a published release starts it.")] = None
    schedule: Annotated[
        tuple[Annotated[str, running_forms.CRON], ...],
        doc("Times in cron's form, UTC. Where `schedule` publishes: nightly, at an odd minute."),
    ] = ()
    watch: Annotated[
        Annotated[str, running_forms.CRON] | None,
        doc(
            "A time in cron's form, UTC, at which a job of its own runs `polyarch watch`; without"
            " it none does."
        ),
    ] = None
    dispatch: Annotated[bool | None, doc("Whether it can be started by hand, for any ref.")] = None
    pull_request: Annotated[
        bool | None, doc("Whether pull requests are built and proven; they are unless told not to.")
    ] = None


class RunsTable(Table, frozen=True):
    """The records of runs."""

    keep: Annotated[
        Annotated[int, Meta(ge=1)],
        doc("How many runs are kept on this machine; the oldest go when a new one begins."),
    ] = 200
    store: Annotated[
        Annotated[str, running_forms.STORE],
        doc(
            "Where records outlive this machine: `local` for nowhere else, a repository that takes"
            " them as OCI artifacts, or `ci` for the artifacts of the generated pipeline, which"
            " `polyarch runs import` takes over."
        ),
    ] = "local"
