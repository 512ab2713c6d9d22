"""What the tables around runs come to: who is told, what starts a pipeline, where records stay."""

from dataclasses import dataclass

from polyarch.oci.reference import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """Who is told, and of what: `failure`, `recovery`, `success`, `act`.

    `urls_env` and `secret_env` are names of variables; the second is empty where nothing is signed.
    """

    on: tuple[str, ...]
    urls_env: str
    secret_env: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSettings:
    """What starts the generated pipeline; None and nothing leave it to what publishes.

    `watch` is a time, empty where nothing is watched.
    """

    branches: tuple[str, ...]
    tags: tuple[str, ...]
    release: bool | None
    schedule: tuple[str, ...]
    watch: str
    dispatch: bool | None
    pull_request: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """What counts as well; `nightly_max_age_s` in seconds, `sample` in platforms of an image."""

    nightly_max_age_s: int
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneSettings:
    """What may go: older than `max_age_s`, and not among the newest `keep` of its kind.

    `keep_tags` are globs of tags that always stay.
    """

    max_age_s: int
    keep: int
    keep_tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsSettings:
    """How many runs stay on this machine, and where records go besides.

    `repository` is None where they go nowhere; `in_ci`: the generated pipeline keeps them.
    """

    keep: int
    repository: Repository | None
    in_ci: bool
