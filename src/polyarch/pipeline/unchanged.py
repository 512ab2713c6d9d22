"""What was built before from the same inputs, and why the rest is built. Pure.

An image counts as unchanged when the key of its inputs stands beside it, when what it stands on in
the project hands on what it did then, and when it is young enough for what no key sees.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from polyarch.config.project import ImageSettings
from polyarch.oci.config import ImageConfig
from polyarch.oci.platform import Platform
from polyarch.pipeline.base_digests import Names
from polyarch.pipeline.base_names import names_of, outside_digests
from polyarch.pipeline.claims import Claim, essence_of
from polyarch.pipeline.graph import IMAGE_PREFIX
from polyarch.pipeline.keys import Ground, Keys, taken_platforms
from polyarch.pipeline.material import Source
from polyarch.pipeline.plan import Reuse

Anew = Literal["", "forced", "scheduled", "aged"]
"""Why something is built although nothing that a key sees has changed."""

FORCED = "`--force` builds it again"
SCHEDULED = "a scheduled run builds it again (`schedule-rebuilds`)"
OTHER = "what it is built from is not what it was"
FIRST = "nothing of it was found"

Configs = Mapping[tuple[Names, Platform], ImageConfig]
"""Of the project's images: by `own_name` those of the plan, others as they are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that may be taken; `where` tells people, `source` is a `repository@digest`.

    `config` is None for what was not looked at because its key is another one; `missing` says what
    of it is not there.
    """

    claim: Claim
    reuse: Reuse
    where: str
    source: str = ""
    config: ImageConfig | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of one platform; `taken` is None for one that is built.

    `changes` say why it is built. `bases` are the images outside and what they are now.
    """

    taken: Candidate | None = None
    anew: Anew = ""
    changes: tuple[str, ...] = ()
    bases: Mapping[str, str] = field(default_factory=dict)


Candidates = Mapping[tuple[str, Platform], Sequence[Candidate]]
"""By image and platform, the nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Decides for all builds of a plan.

    `configs` are those of images of the project that exist already. `looked`: registries were
    asked, so that nothing found means that nothing is there.
    """

    ground: Ground
    keys: Keys
    candidates: Candidates
    configs: Configs
    now: datetime
    force: bool
    scheduled: bool
    looked: bool

    def verdicts(self, order: Sequence[str]) -> dict[tuple[str, Platform], Verdict]:
        """One for each build; `order` has every image after those that it stands on."""
        found: dict[tuple[str, Platform], Verdict] = {}
        below = dict(self.configs)
        for name in order:
            settings = self.ground.project.images[name]
            for platform in self.ground.scope[name]:
                if (name, platform) in self.ground.existing:
                    continue
                verdict = found[name, platform] = self._verdict(settings, platform, below)
                if verdict.taken and verdict.taken.config:
                    below[own_name(name), platform] = verdict.taken.config
        return found

    def _verdict(self, settings: ImageSettings, platform: Platform, below: Configs) -> Verdict:
        ground, key = self.ground, self.keys[settings.name, platform]
        source = ground.sources[settings.name, platform]
        build = settings.for_platform(platform)
        outside = outside_digests(
            source, build, platform, ground.bases, build_platform=ground.build_platform
        )
        if self.force:
            return Verdict(anew="forced", changes=(FORCED,), bases=outside)
        if self.scheduled and settings.schedule_rebuilds:
            return Verdict(anew="scheduled", changes=(SCHEDULED,), bases=outside)
        candidates = self.candidates.get((settings.name, platform), ())
        same = [each for each in candidates if each.claim.key == key]
        young = [each for each in same if not self._is_old(each, source, settings)]
        whole = [each for each in young if each.config and not each.missing]
        stands = essences(settings, platform, ground, below)
        for each in whole:
            if stands is not None and stands == _of_project(each.claim):
                return Verdict(taken=each, bases=outside)
        if same and not young:
            told = f"it was built on {same[0].claim.built or 'a day unknown'}: `max-age` is over"
            return Verdict(anew="aged", changes=(told,), bases=outside)
        changes = tuple(self._changes(candidates, young, whole, outside))
        return Verdict(changes=changes, bases=outside)

    def _is_old(self, candidate: Candidate, source: Source, settings: ImageSettings) -> bool:
        return source.has_run and candidate.claim.is_older(self.now, settings.max_age_s)

    def _changes(
        self,
        candidates: Sequence[Candidate],
        young: Sequence[Candidate],
        whole: Sequence[Candidate],
        outside: Mapping[str, str],
    ) -> Iterator[str]:
        if whole:
            yield "an image of the project that it stands on is not what it was"
        elif young:
            yield from (f"{each.where}: {each.missing}" for each in young)
        elif known := next((each for each in candidates if each.claim.key), None):
            yield from known.claim.moved(outside) or (OTHER,)
        elif self.looked:
            yield FIRST


def essences(
    settings: ImageSettings, platform: Platform, ground: Ground, below: Configs
) -> dict[str, str] | None:
    """What its bases in the project hand on; None where one is built now, or not known."""
    build, found = settings.for_platform(platform), dict[str, str]()
    hidden = ground.wording.names(settings).per_platform[platform]
    for edge in ground.sources[settings.name, platform].edges:
        scope = ground.scope.get(edge.image, ())
        names = own_name(edge.image)
        if not scope:
            names = names_of(edge, build, ground.project, ground.wording)
        for taken in taken_platforms(edge, scope) if scope else edge.platforms:
            config = below.get((names, taken))
            if config is None:
                return None
            found[essence_name(edge.image, taken)] = essence_of(config, hidden=hidden)
    return found


def own_name(image: str) -> Names:
    """What an image of the plan is called among those that others stand on."""
    return (f"{IMAGE_PREFIX}{image}",)


def essence_name(image: str, platform: Platform) -> str:
    """Under which name a base of the project stands among those of an image; no reference is so."""
    return f"{IMAGE_PREFIX}{image}/{platform}"


def _of_project(claim: Claim) -> dict[str, str]:
    return {name: each for name, each in claim.bases.items() if name.startswith(IMAGE_PREFIX)}
