"""Registries reached and logged in, and this machine's clock against theirs."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from polyarch.config.project import Project
from polyarch.errors import PolyarchError, RegistryUnavailableError
from polyarch.oci.reference import Repository
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.symptom import Health, Symptom, late
from polyarch.registry.client import default_endpoint

LIMIT_S = 30.0
"""For one registry, its retries included."""

_OFF_S = 60
_TOKENS_FAIL_S = 300
"""Tokens of registries live for 60 s or more, and servers forgive minutes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLook:
    """What registries said; `skews` as `ClockWatch` has them."""

    symptoms: tuple[Symptom, ...] = ()
    skews: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


def look_at_registries(project: Project, reach: Reach) -> RegistryLook:
    """Ask all of them at once whether they take pushes; never raises."""
    return asyncio.run(_ask(_unique_logins(project), reach))


def clock_symptoms(skews: Mapping[str, float]) -> Iterator[Symptom]:
    """How far this machine's clock is off, where a registry told the time.

    Where any registry agrees with it, the others are wrong, and no token of theirs is checked here.
    """
    if not skews:
        return
    host, skew = min(skews.items(), key=lambda item: abs(item[1]))
    off = abs(skew)
    health = Health.OK
    if off > _OFF_S:
        health = Health.BROKEN if off > _TOKENS_FAIL_S else Health.WARNING
    side = "ahead of" if skew > 0 else "behind"
    what = "agrees with" if off <= _OFF_S else f"{_span(off)} {side}"
    why = "; logins fail: tokens are expired, or not valid yet" if off > _TOKENS_FAIL_S else ""
    yield Symptom(
        area="clock",
        name="time of day",
        health=health,
        message=f"{what} {host}{why}",
        hint="`sudo timedatectl set-ntp true`" if health is not Health.OK else None,
    )


def _span(seconds: float) -> str:
    minutes, hours = seconds / 60, seconds / 3600
    return f"{hours:.1f} h" if hours >= 1 else f"{minutes:.0f} min"


def unique_registries(project: Project) -> tuple[Repository, ...]:
    """One repository of each registry that the project publishes to, the first of each."""
    return _firsts(project, lambda repository: repository.registry)


def _unique_logins(project: Project) -> tuple[Repository, ...]:
    """One repository for each login: a registry, or a prefix that has one of its own."""
    return _firsts(project, lambda each: (each.registry, project.registries.of(each).prefix))


def _firsts(project: Project, key: Callable[[Repository], object]) -> tuple[Repository, ...]:
    found: dict[object, Repository] = {}
    for image in project.images.values():
        for repository in image.repositories:
            found.setdefault(key(repository), repository)
    return tuple(found.values())


async def _ask(repositories: Sequence[Repository], reach: Reach) -> RegistryLook:
    client, watch = reach.watched_client()
    async with client:

        async def one(repository: Repository) -> Symptom:
            try:
                async with asyncio.timeout(LIMIT_S):
                    login = await asyncio.to_thread(reach.keychain.lookup, repository)
                    await client.repository(repository).check_push()
            except TimeoutError:
                return late("registry", repository.registry, LIMIT_S)
            except PolyarchError as error:
                return _broken(repository, error)
            message = f"takes pushes to {repository.path}; login from {login.source}"
            return Symptom(
                area="registry", name=repository.registry, health=Health.OK, message=message
            )

        symptoms = await asyncio.gather(*(one(each) for each in repositories))
    return RegistryLook(symptoms=tuple(symptoms), skews=MappingProxyType(watch.skews))


def _broken(repository: Repository, error: PolyarchError) -> Symptom:
    return Symptom(
        area="registry",
        name=repository.registry,
        health=Health.BROKEN,
        message=error.message,
        hint=_hint(repository, error),
        error=error,
    )


def _hint(repository: Repository, error: PolyarchError) -> str | None:
    """What to do; errors of runs send people here, so that those of the line need another word."""
    if not isinstance(error, RegistryUnavailableError):
        return error.hint
    url = default_endpoint(repository.registry).url
    return f"see names, proxies and firewalls on the way: `curl -v {url}/v2/`"
