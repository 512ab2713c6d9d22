"""What a CI's last job knows of the others: their results, and what their runs left to be told.

Source: docs.github.com, "Contexts reference", `needs`: each job has a `result` (success, failure,
cancelled or skipped) and `outputs`, all texts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from polyarch.errors import MalformedManifestError, NeedsUnreadableError, PartUnreadableError
from polyarch.notify.notice import Kind, Notice, neat, neat_all
from polyarch.pipeline.packed_records import unpacked
from polyarch.pipeline.telling import Result

NOTICE = "notice"
"""What the outputs are called, or begin with, that hold a notice."""

_LARGEST = 4 << 20
_RESULTS = frozenset({"success", "failure", "cancelled", "skipped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Jobs by how they ended, and the notices that they handed on."""

    jobs: Mapping[str, str]
    notices: tuple[Notice, ...] = ()

    @classmethod
    def parse(cls, text: str, variable: str) -> Self:
        """Read `toJSON(needs)`; `variable` is named in errors.

        Raises:
            NeedsUnreadableError: it is not that.
        """
        if not text.strip():
            raise NeedsUnreadableError(variable, "it is not set, or empty")
        if len(text) > _LARGEST:
            raise NeedsUnreadableError(variable, "it is far too long")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise NeedsUnreadableError(variable, "it is not JSON") from None
        if not isinstance(found, dict) or not found:
            raise NeedsUnreadableError(variable, "it names no job")
        jobs = {name: _result(job) for name, job in found.items()}
        if None in jobs.values():
            raise NeedsUnreadableError(variable, "a job in it has no `result` that is known")
        known = {name: result for name, result in jobs.items() if result}
        return cls(jobs=known, notices=tuple(_notices(found)))

    @property
    def result(self) -> Result:
        """Of all together: a failure counts more than a cancelled job, which may follow from it."""
        ends = set(self.jobs.values())
        for end, result in (
            ("failure", Result.BAD),
            ("cancelled", Result.CANCELLED),
            ("success", Result.GOOD),
        ):
            if end in ends:
                return result
        return Result.UNKNOWN

    def has(self, kind: Kind) -> bool:
        """Whether a run has left a notice of such an end."""
        return any(each.kind.is_good == kind.is_good for each in self.notices)

    def named(self, *ends: str) -> tuple[str, ...]:
        """The jobs that ended so."""
        return tuple(name for name, end in self.jobs.items() if end in ends)


def told_by(needs: Needs, bare: Notice) -> Notice:
    """The notice of a whole pipeline.

    `bare` has its kind, event and address, and what tags show as far as the ends of jobs say.
    A failure is what the runs that failed have left, joined, else the names of jobs.
    """
    good = bare.kind.is_good
    found = [each for each in needs.notices if each.kind.is_good == good]
    if not found:
        return replace(bare, what=neat(_ends(needs))) if not good else bare
    # The run that moves tags knows more than those that build; it comes last.
    first = found[-1] if good else found[0]
    tags = neat_all(tag for each in found for tag in each.tags)
    more = len(found) - 1
    return replace(
        bare,
        project=first.project or bare.project,
        verb=first.verb,
        what=first.what + (f" (and {more} more)" if more and not good else ""),
        where=first.where,
        hint=first.hint,
        images=neat_all(name for each in found for name in each.images),
        platforms=neat_all(name for each in found for name in each.platforms),
        registries=neat_all(name for each in found for name in each.registries),
        tags=tags or bare.tags,
        who=first.who,
        why=first.why,
        findings=neat_all(each for notice in found for each in notice.findings),
        run=first.run,
    )


def _ends(needs: Needs) -> str:
    failed, ended = needs.named("failure"), needs.named("cancelled")
    were = "was" if len(ended) == 1 else "were"
    told = (
        f"{_listed(failed)} failed" if failed else "",
        f"{_listed(ended)} {were} cancelled, or ran out of time" if ended else "",
    )
    return "; ".join(filter(None, told))


def _listed(names: tuple[str, ...]) -> str:
    quoted = ", ".join(f"`{name}`" for name in names)
    return f"the {'job' if len(names) == 1 else 'jobs'} {quoted}"


def _result(job: Any) -> str | None:
    found = job.get("result") if isinstance(job, dict) else None
    return found if isinstance(found, str) and found in _RESULTS else None


def _notices(found: Mapping[str, Any]) -> Iterator[Notice]:
    for job in found.values():
        outputs = job.get("outputs") if isinstance(job, dict) else None
        yield from _read(outputs.items() if isinstance(outputs, dict) else ())


def _read(outputs: Iterable[tuple[str, Any]]) -> Iterator[Notice]:
    for name, value in outputs:
        if not name.lower().startswith(NOTICE) or not isinstance(value, str) or not value:
            continue
        try:
            text = value.encode("utf-8", "replace").decode()
            notice = Notice.parse(unpacked(text, name, _LARGEST))
        except (MalformedManifestError, PartUnreadableError):  # another job's own affair
            continue
        if notice.kind is not Kind.TEST:
            yield notice
