"""What a run was for and what it came to, in one small document: `run.json` of its folder.

It is written when the run begins and again when it ends; one without an end was killed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from polyarch.errors import MalformedManifestError
from polyarch.oci.fields import JsonObject, decode_object, integer, optional_object, string

SCHEMA = "polyarch.run/v1"
FILE = "run.json"
RESULT_FILE = "result.json"
"""The document that the verb printed, or would have with `--json`."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_MOST_IMAGES = 1000
_CODES = {0: "done", 6: "partly", 130: "interrupted"}


class State(StrEnum):
    """How a run ended; `running` where its end is not known: it goes on, or was killed.

    `died` is said by who has seen that it does not go on.
    """

    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    DIED = "died"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run. `error` is an error as documents have it, None where there was none.

    `event` is as in plans: a name, a ref, a commit. `actor` is who started it, `ci_run` which run
    of a CI it was, both empty where nobody said. `exit_code` is None before the end.
    `images` are those that it came to, known at its end, `environment` the `--env`, `sandbox` a
    rehearsal. `why` are the words of who asked for it.
    """

    id: str
    verb: str
    project: str
    version: str
    started: datetime
    ended: datetime | None = None
    exit_code: int | None = None
    event: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    actor: str = ""
    ci_run: str = ""
    environment: str = ""
    images: tuple[str, ...] = ()
    sandbox: bool = False
    reason: str = ""
    why: str = ""
    error: Mapping[str, Any] | None = None

    @property
    def state(self) -> State:
        """How it ended."""
        if self.exit_code is None:
            return State.RUNNING
        return State(_CODES.get(self.exit_code, State.FAILED))

    def to_json(self) -> JsonObject:
        """The document `polyarch.run/v1`."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "verb": self.verb,
            "project": self.project,
            "version": self.version,
            "started": self.started.isoformat(),
            "ended": self.ended.isoformat() if self.ended else None,
            "state": self.state.value,
            "exit_code": self.exit_code,
            "event": dict(self.event),
            "actor": self.actor,
            "ci_run": self.ci_run,
            "environment": self.environment,
            "images": list(self.images),
            "sandbox": self.sandbox,
            "reason": self.reason,
            "why": self.why,
            "error": dict(self.error) if self.error is not None else None,
        }

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a document; records come from other machines, so nothing in it is believed.

        Raises:
            MalformedManifestError: it is no such document.
        """
        value = decode_object(raw, FILE)
        if value.get("schema") != SCHEMA:
            raise MalformedManifestError(FILE, f"its schema is not {SCHEMA}")
        event = optional_object(value, "event", FILE) or {}
        return cls(
            id=string(value, "id", FILE),
            verb=string(value, "verb", FILE),
            project=string(value, "project", FILE, default=""),
            version=string(value, "version", FILE, default=""),
            started=_time(value, "started"),
            ended=_time(value, "ended") if value.get("ended") is not None else None,
            exit_code=integer(value, "exit_code", FILE)
            if value.get("exit_code") is not None
            else None,
            event={name: each for name, each in event.items() if isinstance(each, str)},
            actor=string(value, "actor", FILE, default=""),
            ci_run=string(value, "ci_run", FILE, default=""),
            environment=string(value, "environment", FILE, default=""),
            images=_names(value.get("images")),
            sandbox=value.get("sandbox") is True,
            reason=string(value, "reason", FILE, default=""),
            why=string(value, "why", FILE, default=""),
            error=optional_object(value, "error", FILE),
        )


def _names(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(each for each in listed[:_MOST_IMAGES] if isinstance(each, str))


def _time(value: JsonObject, key: str) -> datetime:
    text = string(value, key, FILE)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedManifestError(FILE, f"`{key}` is no time") from error
    if found.tzinfo is None:
        raise MalformedManifestError(FILE, f"`{key}` has no offset from UTC")
    return found
