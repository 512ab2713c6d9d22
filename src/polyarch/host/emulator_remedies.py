"""What would let a platform's programs run here that do not, the least intrusive first."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from polyarch.host.binfmt import BinfmtEntry
from polyarch.host.binfmt_rule import rule
from polyarch.host.emulation import Machine
from polyarch.host.program_file import is_roots_own, is_static
from polyarch.host.remedy import LONG_S, Command, Remedy, Write
from polyarch.host.tools import BINFMT, Tools
from polyarch.host.trial import Trial

PACKAGES = ("qemu-user-static", "binfmt-support")

CONTAINER = (
    "tonistiigi/binfmt:qemu-v10.2.3-68"
    "@sha256:400a4873b838d1b89194d982c45e5fb3cda4593fbfd7e08a02e76b03b21166f0"
)
"""BuildKit's own image of emulators, as of March 2026; the digest is what is pulled."""

_UNREGISTER = "-1"
_ENABLE = "1"


def is_mended(trial: Trial) -> bool:
    """Whether nothing is left to do: programs run, and in containers as well."""
    return trial.runs and trial.in_containers


def emulator_remedies(machine: Machine, trials: Sequence[Trial], tools: Tools) -> Iterator[Remedy]:
    """Everything that may help those of `trials` that are not mended, in the order to try it."""
    needy = [trial.platform for trial in trials if not is_mended(trial)]
    architectures = tuple(dict.fromkeys(each.architecture for each in needy if each.os == "linux"))
    if not architectures or machine.platform.os != "linux":
        return
    if not machine.binfmt:
        yield _switch_on() if tools.is_mounted else _mount(tools)
    for architecture in architectures:
        yield from _register(machine, architecture, tools)
    if tools.apt_get and not all(_trusted(machine, each) for each in architectures):
        yield _packages(tools.apt_get)
    if tools.has_docker:
        yield _container(architectures)


def by_hand(machine: Machine, trials: Sequence[Trial], tools: Tools) -> str:
    """The commands that do the same, for a person; empty where none is known."""
    found = list(emulator_remedies(machine, trials, tools))
    # What mounts the list and what registers with it belong together.
    chosen = found[: 1 if machine.binfmt else 2]
    return " && ".join(each.shown(is_root=tools.is_root) for each in chosen)


def _mount(tools: Tools) -> Remedy:
    load = () if tools.has_kernel_part else (Command(words=("modprobe", "binfmt_misc")),)
    mount = Command(words=("mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)))
    return Remedy(says="mount binfmt_misc, the kernel's list of emulators", steps=(*load, mount))


def _switch_on() -> Remedy:
    return Remedy(
        says="switch the kernel's list of emulators on",
        steps=(Write(path=BINFMT / "status", text=_ENABLE),),
    )


def _register(machine: Machine, architecture: str, tools: Tools) -> Iterator[Remedy]:
    """Register one architecture's QEMU, in place of entries that are of no use."""
    old = [entry for entry in machine.entries if entry.architecture == architecture]
    asleep = next((entry for entry in old if entry.fixed and not entry.enabled), None)
    if asleep:
        yield Remedy(
            says=f"switch the entry `{asleep.name}` on",
            steps=(Write(path=BINFMT / asleep.name, text=_ENABLE),),
        )
    if architecture not in machine.programs:
        return
    removing = tuple(Write(path=BINFMT / entry.name, text=_UNREGISTER) for entry in old)
    for step, how in _ways(machine, architecture, tools):
        says = f"register QEMU for {architecture} {how}{_instead(old)}"
        yield Remedy(says=says, steps=(*removing, step))


def _ways(
    machine: Machine, architecture: str, tools: Tools
) -> Iterator[tuple[Command | Write, str]]:
    rules = tools.rules.get(architecture)
    if tools.systemd_binfmt and rules:
        # With a file's name it reads that one alone; without, it would first remove all entries.
        yield Command(words=(tools.systemd_binfmt, str(rules))), f"as `{rules}` says"
    name = tools.formats.get(architecture)
    if tools.update_binfmts and name:
        yield Command(words=(tools.update_binfmts, "--enable", name)), "with update-binfmts"
    if qemu := _trusted(machine, architecture):
        version = machine.versions.get(machine.programs[architecture], "")
        line = rule(architecture, qemu, qemu=version, kernel=tools.kernel)
        yield (
            Write(path=BINFMT / "register", text=line),
            f"with flag F (`{qemu}`) until the next reboot",
        )


def _trusted(machine: Machine, architecture: str) -> Path | None:
    """A QEMU on PATH that every user's programs, root's too, may be handed to, in any container.

    So it is root's own, and needs no library, which a container would not have.
    """
    program = machine.programs.get(architecture)
    path = Path(program).resolve() if program else None
    return path if path and is_static(path) and is_roots_own(path) else None


def _instead(old: Sequence[BinfmtEntry]) -> str:
    names = ", ".join(f"`{entry.name}`" for entry in old)
    return f", in place of {names}" if names else ""


def _packages(apt_get: str) -> Remedy:
    quiet = (("DEBIAN_FRONTEND", "noninteractive"),)
    install = (apt_get, "install", "--yes", "--no-install-recommends", *PACKAGES)
    return Remedy(
        says=f"install {' and '.join(PACKAGES)} from the distribution",
        steps=(
            Command(words=(apt_get, "update"), limit_s=LONG_S),
            Command(words=install, limit_s=LONG_S, variables=quiet),
        ),
    )


def _container(architectures: Sequence[str]) -> Remedy:
    docker = ("docker", "run", "--privileged", "--rm", CONTAINER)
    return Remedy(
        says="let a privileged container register QEMU until the next reboot, for "
        + ", ".join(architectures),
        steps=(Command(words=(*docker, "--install", ",".join(architectures)), limit_s=LONG_S),),
        needs_root=False,
    )
