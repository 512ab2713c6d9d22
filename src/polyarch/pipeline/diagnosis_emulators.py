"""Emulators: what came of starting a program of each platform, and what mends those that fail."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.host.emulation import Machine
from polyarch.host.emulator_remedies import by_hand, is_mended
from polyarch.host.tools import Tools
from polyarch.host.trial import Outcome, Trial
from polyarch.oci.platform import Platform, unique
from polyarch.pipeline.emulator_record import EmulatorRecord
from polyarch.pipeline.symptom import Health, Symptom

FIX = "polyarch doctor --fix"
SUDO_FIX = 'sudo "$(command -v polyarch)" doctor --fix'
"""Root's PATH rarely has the folder that polyarch is installed in."""

_LONG = 100
"""Characters from which a command is not worth typing."""

_USUAL = ("amd64", "arm64", "arm")
"""What people publish most: emulators for these are missed where no project says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulators:
    """What was found out of them; `tools` is None where nothing is to be mended.

    `needed` are the platforms whose programs a build of the project runs on this machine.
    """

    machine: Machine
    trials: Sequence[Trial]
    tools: Tools | None
    record: EmulatorRecord
    needed: Collection[Platform] = ()


def foreign_platforms(project: Project | None, machine: Machine) -> tuple[Platform, ...]:
    """Those that are worth a trial: the project's, else all that something here may emulate."""
    if project is None:
        usual = (Platform.of("linux", each) for each in _USUAL)
        known = (Platform.of("linux", each) for each in machine.programs)
        wanted = unique((*machine.emulated, *known, *usual))
    else:
        wanted = unique(p for image in project.images.values() for p in image.platforms)
    return tuple(each for each in wanted if not machine.runs_natively(each))


def emulator_symptoms(found: Emulators) -> Iterator[Symptom]:
    """This machine, and one for each platform that is foreign to it."""
    machine = found.machine
    native = ", ".join(str(platform) for platform in machine.native)
    yield Symptom(
        area="machine", name=str(machine.platform), health=Health.OK, message=f"runs {native}"
    )
    for trial in found.trials:
        yield _symptom(found, trial)


def _symptom(found: Emulators, trial: Trial) -> Symptom:
    fine = trial.outcome is Outcome.UNTRIED or is_mended(trial)
    return Symptom(
        area="emulator",
        name=str(trial.platform),
        health=Health.OK if fine else _health(found, trial),
        message=_message(found, trial),
        hint=None if fine else _hint(found, trial),
    )


def _health(found: Emulators, trial: Trial) -> Health:
    if trial.platform in found.needed:
        return Health.BROKEN
    return Health.WARNING if trial.outcome is Outcome.BROKEN else Health.MISSING


def _message(found: Emulators, trial: Trial) -> str:
    title = trial.emulator.title if trial.emulator else ""
    match trial.outcome:
        case Outcome.NATIVE:
            return "this machine's processor ran a program of it"
        case Outcome.WORKS if is_mended(trial):
            return f"{title}: ran a program"
        case Outcome.WORKS:
            alone = ", but would not in a container" if trial.emulator and _fixed(trial) else ""
            return f"{title}: ran a program{alone}{_lost(found, trial)}"
        case Outcome.ABSENT:
            return f"none: a RUN for this platform cannot execute here{_lost(found, trial)}"
        case Outcome.BROKEN:
            return f"does not work: {trial.problem}"
        case Outcome.UNTRIED:
            return f"{title or 'unknown'} (not tried: {trial.problem})"


def _fixed(trial: Trial) -> bool:
    return trial.emulator is not None and trial.emulator.in_containers


def _lost(found: Emulators, trial: Trial) -> str:
    """Why it is not registered, where there are signs that it was."""
    machine, tools = found.machine, found.tools
    architecture = trial.platform.architecture
    if any(entry.architecture == architecture for entry in machine.entries):
        return ""
    if not machine.binfmt:
        return "; the kernel's binfmt_misc is not mounted or switched off"
    if told := found.record.lost(str(trial.platform)):
        return f"; it worked before, and is {told}"
    if tools and (architecture in tools.rules or architecture in tools.formats):
        return "; installed and not registered: lost at a reboot, or switched off"
    return ""


def _hint(found: Emulators, trial: Trial) -> str:
    tools = found.tools
    if tools is None:
        return f"`{FIX}`"
    command = by_hand(found.machine, [trial], tools)
    if not command:
        return f"install qemu-user-static, then `{FIX}`; or name a native builder in [builders]"
    if tools.is_root:
        return f"`{FIX}`"
    return f"`{SUDO_FIX}`" if len(command) > _LONG else f"`{command}`"
