"""What people are told of a run, as one value and as the document `polyarch.notice/v1`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from polyarch.errors import MalformedManifestError, shorten
from polyarch.oci.fields import JsonObject, decode_object, optional_object, string

SCHEMA = "polyarch.notice/v1"

_KIND = "a notice"
_LONGEST = 500
"""Characters of one text."""
_MOST = 50
"""Items of one list."""


class Kind(StrEnum):
    """Why people are told."""

    FAILURE = "failure"
    RECOVERY = "recovery"
    SUCCESS = "success"
    ACT = "act"
    TEST = "test"

    @property
    def is_good(self) -> bool:
        """Whether the run went well."""
        return self in {Kind.RECOVERY, Kind.SUCCESS, Kind.ACT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message; all texts are single lines of bounded length once it came through `neat`.

    `cancelled`: what ended badly was cancelled, and nothing of it failed by itself.
    `verb` is what ran, `line` what its result is compared along: a branch's full ref, or `tags`; of
    what people do to published images the verb. `who` did that, and `why` are their own words.
    `what`, `where` and `hint` are an error's. `platforms` and `registries` are those that it
    touches. `tags` says what users of them see now, `findings` what a watch has found. `run` is the
    id of the record, `url` the run's address in a CI, both empty where there is none.
    """

    kind: Kind
    project: str
    time: datetime
    version: str
    cancelled: bool = False
    verb: str = ""
    who: str = ""
    why: str = ""
    line: str = ""
    images: tuple[str, ...] = ()
    event_name: str = ""
    ref: str = ""
    sha: str = ""
    what: str = ""
    where: str = ""
    hint: str = ""
    platforms: tuple[str, ...] = ()
    registries: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    run: str = ""
    url: str = ""

    def to_json(self) -> JsonObject:
        """The document."""
        return {
            "schema": SCHEMA,
            "kind": self.kind.value,
            "cancelled": self.cancelled,
            "project": self.project,
            "images": list(self.images),
            "verb": self.verb,
            "who": self.who,
            "why": self.why,
            "line": self.line,
            "event": {"name": self.event_name, "ref": self.ref, "sha": self.sha},
            "what": self.what,
            "where": self.where,
            "hint": self.hint,
            "platforms": list(self.platforms),
            "registries": list(self.registries),
            "tags": list(self.tags),
            "findings": list(self.findings),
            "run": self.run,
            "url": self.url,
            "time": self.time.isoformat(),
            "version": self.version,
        }

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a document of another job; nothing in it is believed, and all is made neat.

        Raises:
            MalformedManifestError: it is no such document.
        """
        value = decode_object(raw, _KIND)
        if value.get("schema") != SCHEMA:
            raise MalformedManifestError(_KIND, f"its schema is not {SCHEMA}")
        event = optional_object(value, "event", _KIND) or {}
        try:
            kind = Kind(string(value, "kind", _KIND))
            time = datetime.fromisoformat(string(value, "time", _KIND))
        except ValueError as error:
            raise MalformedManifestError(_KIND, "its kind or its time is none") from error
        found: dict[str, Any] = {key: neat(string(value, key, _KIND, default="")) for key in _TEXTS}
        found |= {key: neat_all(_strings(value, key)) for key in _LISTS}
        said = {key: neat(string(event, key, _KIND, default="")) for key in ("name", "ref", "sha")}
        return cls(
            kind=kind,
            cancelled=value.get("cancelled") is True,
            time=time if time.tzinfo else time.replace(tzinfo=UTC),
            event_name=said["name"],
            ref=said["ref"],
            sha=said["sha"],
            **found,
        )


_TEXTS = (
    "project", "version", "verb", "who", "why", "line", "what", "where", "hint", "run", "url",
)  # fmt: skip
_LISTS = ("images", "platforms", "registries", "tags", "findings")


def neat(text: str) -> str:
    """A single printable line; only the first of several counts."""
    return shorten(text.strip().partition("\n")[0].strip(), _LONGEST)


def neat_all(texts: Iterable[str]) -> tuple[str, ...]:
    """Each once, in their order, and not more than anybody reads."""
    return tuple(list(dict.fromkeys(filter(None, map(neat, texts))))[:_MOST])


def _strings(value: JsonObject, key: str) -> list[str]:
    found: Any = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise MalformedManifestError(_KIND, f"`{key}` is not a list of texts")
    return found
