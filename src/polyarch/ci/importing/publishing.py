"""`[publish] on` and `[triggers]`, from what a workflow pushes for which event."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarch.ci.importing.occasion import Occasion
from polyarch.ci.importing.patterns import fits, our_glob
from polyarch.ci.importing.rehearsal import Rehearsal
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.importing.triggers import Triggers
from polyarch.metadata.policy import may_publish

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """The items of `on`, and the events among those tried that publish.

    `quiet` are those that these items let publish although the workflow pushes nothing.
    """

    on: tuple[str, ...]
    occasions: tuple[Occasion, ...]
    quiet: tuple[Occasion, ...]
    told: tuple[Told, ...]


def publishing_of(
    triggers: Triggers, rehearsal: Rehearsal, occasions: Sequence[Occasion]
) -> Publishing:
    """Work out what publishes; where a condition cannot be said, that is told."""
    return _Writer(triggers=triggers, rehearsal=rehearsal, occasions=tuple(occasions)).written()


@dataclass(slots=True, kw_only=True)
class _Writer:
    triggers: Triggers
    rehearsal: Rehearsal
    occasions: tuple[Occasion, ...]
    told: list[Told] = field(default_factory=list)

    def written(self) -> Publishing:
        on = [
            *self._refs("branch", self.triggers.branches),
            *self._refs("tag", self.triggers.tags),
            *(kind for kind in ("release", "schedule", "dispatch") if self._whole(kind)),
        ]
        self._assumed()
        rules = tuple(dict.fromkeys(on))
        surface = self.rehearsal.surface
        tried = [each for each in self.occasions if each.kind]
        return Publishing(
            on=rules,
            occasions=tuple(each for each in tried if self._pushes(each)),
            quiet=tuple(
                each
                for each in tried
                if not self._pushes(each) and may_publish(each.event(surface), rules).publish
            ),
            told=tuple(self.told),
        )

    def _pushes(self, occasion: Occasion) -> bool:
        return bool(self.rehearsal.pushed(occasion))

    def _of(self, kind: str) -> list[Occasion]:
        return [each for each in self.occasions if each.kind == kind]

    def _refs(self, kind: str, patterns: Sequence[str]) -> Iterator[str]:
        """Branches or tags: whole patterns where all of their names publish."""
        takes_out = [each for each in patterns if each.startswith("!")]
        for pattern in patterns:
            if pattern in takes_out:
                continue
            tried = [each for each in self._of(kind) if fits(each.ref_name, (pattern,))]
            pushing = [each for each in tried if self._pushes(each)]
            if pushing == tried and tried and not takes_out:
                yield self._glob(kind, pattern)
            elif pushing:
                yield from self._some(kind, pattern, tried, pushing)

    def _glob(self, kind: str, pattern: str) -> str:
        glob, exact = our_glob(pattern)
        if not exact:
            self._tell(
                f"on.push: {pattern}",
                f"`{kind}:{glob}` takes more names: polyarch's patterns have no `+` and no `?` of"
                " that kind",
                "the pipeline itself starts for the old pattern; narrow it if others start it",
            )
        return f"{kind}:{glob}"

    def _some(
        self, kind: str, pattern: str, tried: Sequence[Occasion], pushing: Sequence[Occasion]
    ) -> Iterator[str]:
        """Only some names of a pattern publish: those whose names are known are listed."""
        default = self.rehearsal.surface.default_branch
        names = [each.ref_name for each in pushing]
        known = [default] if kind == "branch" and default in names else []
        if kind == "tag" or not known:
            plain = [name for name in names if not any(sign in name for sign in "*?[")]
            known = plain if kind == "branch" else []
        silent = [each.title for each in tried if each not in pushing]
        if kind == "tag":
            glob, _ = our_glob(pattern)
            yield f"tag:{glob}"
        yield from (f"{kind}:{name}" for name in known)
        listed = ", ".join(f"`{kind}:{name}`" for name in known) or f"`{kind}:{pattern}`"
        why = (
            f"not all of it publishes (not: {', '.join(silent[:_SHOWN])})"
            if silent
            else ("patterns that take names out have no word in polyarch")
        )
        self._tell(f"on.push: {pattern}", f"{why}; {listed} is what was written", "look it over")

    def _whole(self, kind: str) -> bool:
        """Whether a kind of events publishes; told where only some of them do."""
        tried = self._of(kind)
        pushing = [each for each in tried if self._pushes(each)]
        if pushing and len(pushing) < len(tried):
            silent = [each.title for each in tried if each not in pushing]
            self._tell(
                f"conditions for `{kind}`",
                f"some publish and some do not (not: {', '.join(silent[:_SHOWN])}); `{kind}` in"
                " `[publish] on` takes all of them, and the tag rules leave out what they can",
                "see with `polyarch plan --compare-workflow`",
            )
        return bool(pushing)

    def _assumed(self) -> None:
        """Conditions that nobody can know and that were taken to hold."""
        found: dict[tuple[int, str], None] = {}
        for occasion in self.occasions:
            for each in self.rehearsal.pushed(occasion):
                found |= dict.fromkeys((each.group.line, name) for name in each.assumed)
        for line, name in found:
            self.told.append(
                Told(
                    kind=Kind.ASSUMED,
                    line=line,
                    what=f"the condition on `{name}`",
                    why="only a run can tell it; it was taken to hold",
                    todo="polyarch has no such condition: put it on the job if it matters",
                )
            )

    def _tell(self, what: str, why: str, todo: str) -> None:
        line = self.rehearsal.flow.events_line
        self.told.append(Told(kind=Kind.LEFT, line=line, what=what, why=why, todo=todo))
