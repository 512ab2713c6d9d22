"""What a workflow would publish for events, event by event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from polyarch.ci.expression_values import text_of, truth_of, unknown_names
from polyarch.ci.importing.calls import BuildCall, calls_in, complete
from polyarch.ci.importing.flow import Flow
from polyarch.ci.importing.groups import (
    BuildGroup,
    groups_of,
    image_names,
    lower_name,
    split_reference,
)
from polyarch.ci.importing.listed import lines_of
from polyarch.ci.importing.occasion import Occasion, Surface
from polyarch.ci.importing.play import METADATA, Names, Stage, conditions_unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What one build pushes for one event; `unknown` are names that only a run can tell.

    `assumed` are conditions that nobody can know and that were taken to hold.
    """

    group: BuildGroup
    references: tuple[str, ...]
    unknown: tuple[str, ...]
    assumed: tuple[str, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags alone, in their order."""
        return tuple(dict.fromkeys(split_reference(each)[1] for each in self.references))


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """A file played for any number of events, each once.

    `opened` puts what bake files say into builds.
    """

    flow: Flow
    surface: Surface
    names: Names
    opened: Callable[[tuple[BuildGroup, ...]], tuple[BuildGroup, ...]] = tuple
    _pushes: dict[Occasion, tuple[Pushed, ...]] = field(default_factory=dict)

    def pushed(self, occasion: Occasion) -> tuple[Pushed, ...]:
        """All that is pushed for an event."""
        found = self._pushes.get(occasion)
        if found is None:
            stage = Stage(flow=self.flow, surface=self.surface, occasion=occasion, names=self.names)
            groups = self.opened(groups_of(calls_in(tuple(stage.play()))))
            found = tuple(self._pushed(group, occasion) for group in groups)
            self._pushes[occasion] = found
        return found

    def of(self, group: BuildGroup, occasion: Occasion) -> Pushed | None:
        """What a build pushes for an event; None where it does not."""
        for each in self.pushed(occasion):
            if identity(each.group) == identity(group):
                return each
        return None

    def named(self, occasion: Occasion) -> frozenset[str]:
        """What all metadata steps call images for an event, whether it publishes or not."""
        stage = Stage(flow=self.flow, surface=self.surface, occasion=occasion, names=self.names)
        found: list[str] = []
        for played in stage.play():
            if played.step.uses == METADATA and played.truth is not False:
                given = self.names({k: played.text(k) for k in played.step.inputs}, occasion)
                found += lines_of(text_of(given.get("tags")))
        return frozenset(complete(each) for each in found)

    def _pushed(self, group: BuildGroup, occasion: Occasion) -> Pushed:
        call = group.call
        references = [complete(each) for each in call.references if split_reference(each)[1]]
        unknown = [each for each in references if "${{" in split_reference(each)[1]]
        if call.meta is not None:
            given = self.names(_meta_inputs(call), occasion)
            tags = given.get("tags")
            unknown += unknown_names((tags,))
            if not unknown_names((tags,)):
                references += [
                    f"{complete(lower_name(image))}:{tag}"
                    for image in image_names(call.meta.images)
                    for tag in lines_of(text_of(tags))
                ]
        if call.meta is None and not references:
            unknown.append(f"tags that are made elsewhere (line {call.line})")
        assumed = [*conditions_unknown(call.played)]
        if truth_of(call.push) is None:
            assumed += unknown_names((call.push,))
        return Pushed(
            group=group,
            references=tuple(dict.fromkeys(references)),
            unknown=tuple(dict.fromkeys(unknown)),
            assumed=tuple(dict.fromkeys(assumed)),
        )


def identity(group: BuildGroup) -> tuple[object, ...]:
    """By what a build is known again when the same file is played for another event."""
    call = group.call
    legs = tuple(each.played.leg_number for each in group.calls)
    return (call.played.job.name, call.line, legs, group.baked)


def _meta_inputs(call: BuildCall) -> Mapping[str, str]:
    meta = call.meta
    if meta is None:
        return {}
    return {
        "tags": "\n".join(meta.rules),
        "flavor": "\n".join(meta.flavor),
    }
