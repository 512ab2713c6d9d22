"""The steps of a copy: look at every place, bring the bytes, move the tags, show what is here."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from polyarch.content.places import Kind
from polyarch.errors import PolyarchError
from polyarch.events import DestinationFailed, Listener, Warned
from polyarch.pipeline.copy_cosign import carry_tagged
from polyarch.pipeline.copy_held import warn_of_held
from polyarch.pipeline.copy_local import Local
from polyarch.pipeline.copy_meter import Meter
from polyarch.pipeline.copy_referrers import carry
from polyarch.pipeline.copy_result import Carried, CopyOutcome
from polyarch.pipeline.copy_routes import BY_DIGEST, CopyRequest, Route
from polyarch.pipeline.journals import journal_for
from polyarch.pipeline.outcomes import STANDS
from polyarch.registry.client import RegistryClient
from polyarch.runs.folder import RunFolder
from polyarch.transaction.logins import check_logins
from polyarch.transaction.run import publish
from polyarch.transaction.values import (
    OnRegistryFailure,
    Options,
    Outcome,
    Status,
    Submission,
    TagOutcome,
    TagStatus,
)

DRY_RUN = "`--dry-run`: all but the copy was done"
REFUSED = "a destination was ruled out before anything was copied"
_TAG_ONLY = "it is a tag, and only registries keep it so"
NOWHERE = "no destination has taken it"


@dataclass(slots=True, kw_only=True)
class Here:
    """A place of this machine while a copy goes on."""

    routes: tuple[Route, ...]
    place: Local
    meters: tuple[Meter, ...]
    error: PolyarchError | None = None
    shown: tuple[TagStatus, ...] = ()

    def stage(self) -> None:
        """Bring everything there, and say how much that was."""
        self.place.stage()
        for route, meter in zip(self.routes, self.meters, strict=True):
            keeps = route.place.kind in {Kind.LAYOUT, Kind.OCI_ARCHIVE}
            meter.end(route.found.root.descriptor, keeps=keeps)

    def show(self) -> None:
        """Let readers see what was brought there."""
        self.shown = self.place.commit()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRun:
    """One copy under way."""

    run: RunFolder
    request: CopyRequest
    listen: Listener
    routes: tuple[Route, ...]
    here: Sequence[Here]
    runner: asyncio.Runner
    client: RegistryClient
    carried: dict[int, tuple[Carried, ...]] = field(default_factory=dict)

    def go(self) -> tuple[tuple[CopyOutcome, ...], str]:
        """All steps; one outcome for each route, and why nothing was copied if so."""
        checked = self._check()
        if self.request.dry_run or (self._stops and any(each.error for each in checked.values())):
            return self._outcomes(checked), DRY_RUN if self.request.dry_run else REFUSED
        try:
            for here in self.here:
                self._try(here, here.stage)
            if self._stops and any(here.error for here in self.here):
                return self._outcomes(checked), REFUSED
            remote = self._publish()
            refused = any(each.status not in STANDS for each in remote.values())
            if not (self._stops and refused):
                self._commit()
                self._carry(remote)
        finally:
            for here in self.here:
                with suppress(OSError):
                    here.place.discard()
        outcomes = self._outcomes(remote)
        return outcomes, "" if any(each.status in STANDS for each in outcomes) else NOWHERE

    @property
    def _stops(self) -> bool:
        return self.request.on_failure is OnRegistryFailure.ABORT

    @property
    def _remote(self) -> tuple[Route, ...]:
        return tuple(route for route in self.routes if route.place.is_registry)

    def _check(self) -> Mapping[int, Outcome]:
        """See that every registry takes pushes, before anything is made here.

        Where all go to registries, the transaction sees it before its first byte.
        """
        if not (self.here or self.request.dry_run):
            return {}
        fewer = self.request.fewer
        targets = [(route.found.name, route.target(fewer=fewer)) for route in self._remote]
        if not targets:
            return {}
        checked = self.runner.run(check_logins(targets, self.client, self.listen))
        return dict(zip(map(id, self._remote), checked, strict=True))

    def _publish(self) -> Mapping[int, Outcome]:
        """One transaction for all registries."""
        ways = self._remote
        if not ways:
            return {}
        [found] = {id(way.found): way.found for way in ways}.values()  # only one goes to registries
        submission = Submission(
            name=found.name,
            root=found.root,
            source=found.store,
            targets=tuple(way.target(fewer=self.request.fewer) for way in ways),
            mount_from=found.source.mount_from,
        )
        asked = self.request
        with journal_for(self.run.path, self.listen) as opened:
            work = publish(
                [submission],
                self.client,
                self.listen,
                on_failure=asked.on_failure,
                options=Options(
                    rollback=asked.rollback, deadline_s=asked.deadline_s, owner=self.run.id
                ),
                journal=opened.journal,
            )
            outcomes = self.runner.run(work)
            opened.settle(outcomes)
        warn_of_held(outcomes, lambda text: self.listen(Warned(text=text)))
        return dict(zip(map(id, ways), outcomes, strict=True))

    def _commit(self) -> None:
        for here in self.here:
            if here.error is None:
                self._try(here, here.show)

    def _try(self, here: Here, step: Callable[[], None]) -> None:
        try:
            step()
        except PolyarchError as error:
            here.error = error
            name = str(here.routes[0].place)
            self.listen(DestinationFailed(repository=name, reason=error.message))

    def _carry(self, remote: Mapping[int, Outcome]) -> None:
        """Artifacts follow the images that they are about, and fail nothing."""
        for route in self._remote:
            found = route.found
            if remote[id(route)].status in STANDS:
                there = self.client.repository(route.repository)
                way = found.store, found.source.mount_from
                told = self.runner.run(carry(there, found.referrers, *way))
                told += self.runner.run(carry_tagged(there, found.tagged, *way))
                self.carried[id(route)] = told

    def _outcomes(self, remote: Mapping[int, Outcome]) -> tuple[CopyOutcome, ...]:
        here = {id(route): (each, at) for each in self.here for at, route in enumerate(each.routes)}
        return tuple(
            _of_registry(route, remote[id(route)], self.carried.get(id(route), ()))
            if route.place.is_registry
            else _of_here(route, *here[id(route)])
            for route in self.routes
        )


def _of_registry(route: Route, outcome: Outcome, carried: tuple[Carried, ...]) -> CopyOutcome:
    return CopyOutcome(
        image=route.found.name,
        repository=route.place.name,
        pinned=route.place.pinned(outcome.digest or route.digest),
        status=outcome.status,
        digest=outcome.digest,
        tags=outcome.tags,
        error=outcome.error,
        adapted=outcome.adapted,
        traffic=outcome.traffic,
        referrers=carried,
        note=BY_DIGEST if route.by_digest and outcome.status in STANDS else "",
    )


def _of_here(route: Route, here: Here, at: int) -> CopyOutcome:
    shown = here.shown[at] if here.shown else None
    status = Status.SKIPPED
    if here.error:
        status = Status.FAILED
    elif shown:
        status = Status.UNCHANGED if shown is TagStatus.UNCHANGED else Status.PUBLISHED
    known = shown and not here.error
    tags = tuple(TagOutcome(tag=t, digest=route.digest, status=shown) for t in route.tags if shown)
    return CopyOutcome(
        image=route.found.name,
        repository=route.place.name,
        pinned=route.place.pinned(route.digest),
        status=status,
        digest=route.digest if known else None,
        tags=tags,
        error=here.error,
        traffic=here.meters[at].traffic,
        referrers=_beside(route) if known else (),
    )


def _beside(route: Route) -> tuple[Carried, ...]:
    """Artifacts in a place of this machine: a layout lists them, Docker's forms cannot."""
    lost = "" if route.place.kind in {Kind.LAYOUT, Kind.OCI_ARCHIVE} else "it holds images alone"
    about = tuple(each.told(lost) for each in route.found.referrers)
    return about + tuple(each.told(_TAG_ONLY) for each in route.found.tagged)
