"""What was built before from the same inputs, and why the rest is built. Pure.

An image counts as unchanged when the key of its inputs stands beside it, when what it stands on in
the project hands on what it did then, and when it is young enough for what no key sees.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from polyarch.config.project import ImageSettings
from polyarch.oci.config import ImageConfig
from polyarch.oci.platform import Platform
from polyarch.pipeline.base_names import outside_digests
from polyarch.pipeline.claims import Claim
from polyarch.pipeline.handing import Configs, Handing, is_of_project, own_name
from polyarch.pipeline.keys import Ground, Keys
from polyarch.pipeline.material import Source
from polyarch.pipeline.plan import Anew, Reuse

FORCED = "`--force` builds it again"
SCHEDULED = "a scheduled run builds it again (`schedule-rebuilds`)"
OTHER = "what it is built from is not what it was"
FIRST = "nothing of it was found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that may be taken; `where` tells people, `source` is a `repository@digest`.

    That is empty for this machine's own part.

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
        whole = [each for each in young if _may_be_taken(each, outside)]
        stands = self._handing.essences(settings.name, platform, below)
        for each in whole:
            if stands is not None and stands == _of_project(each.claim):
                return Verdict(taken=each, bases=outside)
        if same and not young:
            told = f"it was built on {same[0].claim.built or 'a day unknown'}: `max-age` is over"
            return Verdict(anew="aged", changes=(told,), bases=outside)
        changes = tuple(self._changes(candidates, young, whole, outside))
        return Verdict(changes=changes, bases=outside)

    @property
    def _handing(self) -> Handing:
        ground = self.ground
        return Handing(
            project=ground.project,
            wording=ground.wording,
            sources=ground.sources,
            scope=ground.scope,
        )

    def _is_old(self, candidate: Candidate, source: Source, settings: ImageSettings) -> bool:
        return source.ages and candidate.claim.is_older(self.now, settings.max_age_s)

    def _changes(
        self,
        candidates: Sequence[Candidate],
        young: Sequence[Candidate],
        whole: Sequence[Candidate],
        outside: Mapping[str, str],
    ) -> Iterator[str]:
        if whole:
            yield "an image of the project that it stands on is built again, or is another one"
        elif young:
            yield from dict.fromkeys(
                f"{each.where}: {each.missing or 'what it was built on is not known now'}"
                for each in young
            )
        elif known := next((each for each in candidates if each.claim.key), None):
            yield from known.claim.moved(outside) or (OTHER,)
        elif self.looked:
            yield FIRST


def _may_be_taken(candidate: Candidate, outside: Mapping[str, str]) -> bool:
    """What others may have built is only the same where it is known what it would stand on."""
    whole = candidate.config is not None and not candidate.missing
    return whole and (not candidate.source or all(outside.values()))


def _of_project(claim: Claim) -> dict[str, str]:
    return {name: each for name, each in claim.bases.items() if is_of_project(name)}
