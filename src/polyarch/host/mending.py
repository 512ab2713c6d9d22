"""Let foreign programs run here: try, do what may help, and try again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from polyarch.errors import PolyarchError
from polyarch.host.emulation import Machine, read_machine
from polyarch.host.emulator_remedies import by_hand, emulator_remedies, is_mended
from polyarch.host.qemu import version_of
from polyarch.host.remedy import Remedy
from polyarch.host.search_path import administrators
from polyarch.host.tools import Tools, find_tools
from polyarch.host.trial import Trial, try_platforms
from polyarch.oci.platform import Platform

_MOST = 40
"""Remedies in one go: there are three for each of 13 architectures, and each is tried once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A remedy that was tried; `problem` is empty where it went through."""

    remedy: Remedy
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What was done, and how it stands now; `rest` are the commands for what only root may do."""

    attempts: tuple[Attempt, ...]
    trials: tuple[Trial, ...]
    rest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    machine: Machine
    trials: tuple[Trial, ...]
    tools: Tools


def mend(
    platforms: Sequence[Platform],
    environment: Mapping[str, str],
    tell: Callable[[str], None],
    *,
    folders: Sequence[Path] = (),
) -> Mended:
    """Let programs of those platforms run; every change is told before it is made.

    One remedy at a time, and after each the platforms are tried again; what could not be done is in
    the result, nothing is raised for it.
    """
    environment = administrators(environment)
    attempts: list[Attempt] = []
    look = _look(platforms, environment, folders)
    while len(attempts) < _MOST:
        tried = {attempt.remedy.steps[-1] for attempt in attempts}
        remedy = next((each for each in _allowed(look) if each.steps[-1] not in tried), None)
        if remedy is None:
            break
        tell(f"{remedy.says}: {remedy.shown(is_root=look.tools.is_root)}")
        attempts.append(_attempt(remedy, environment))
        look = _look(platforms, environment, folders)
    rest = "" if look.tools.is_root else by_hand(look.machine, look.trials, look.tools)
    return Mended(attempts=tuple(attempts), trials=look.trials, rest=rest)


def _look(
    platforms: Sequence[Platform], environment: Mapping[str, str], folders: Sequence[Path]
) -> _Look:
    machine = read_machine(environment).with_versions(environment, platforms)
    trials = try_platforms(machine, platforms, environment, folders=folders)
    needy = [trial.platform.architecture for trial in trials if not is_mended(trial)]
    programs = [machine.programs[each] for each in needy if each in machine.programs]
    versions = {program: version_of(program, environment) for program in programs}
    return _Look(
        machine=replace(machine, versions={**machine.versions, **versions}),
        trials=trials,
        tools=find_tools(environment) if needy else Tools(is_root=True, kernel=""),
    )


def _allowed(look: _Look) -> Iterator[Remedy]:
    for remedy in emulator_remedies(look.machine, look.trials, look.tools):
        if look.tools.is_root or not remedy.needs_root:
            yield remedy


def _attempt(remedy: Remedy, environment: Mapping[str, str]) -> Attempt:
    try:
        remedy.apply(environment)
    except PolyarchError as error:
        return Attempt(remedy=remedy, problem=error.message)
    return Attempt(remedy=remedy)
