"""What every runtime is asked and what it answers."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from polyarch.content.store import Fetcher
from polyarch.host.watched import Bounds, Cut
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.platform import Platform
from polyarch.runtimes.accounts import Account
from polyarch.runtimes.outcome import How
from polyarch.runtimes.unpack import UnpackedImage


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeInfo:
    """Whether a runtime can be used here, and for what.

    `problem` is None when it can, else what is wrong, with `hint` what to do. `native` are the
    platforms whose programs run without emulation, `emulated` those that run through an emulator;
    `perhaps` are worth a try. With `asks_others` another machine runs the programs, which may know
    emulators of its own: any platform is worth a try. `guarded`: programs of other machines in an
    image are kept from running. `last`: to be taken where no other will do. `title` is what a
    person reads.
    """

    name: str
    version: str = ""
    title: str = ""
    problem: str | None = None
    hint: str | None = None
    native: tuple[Platform, ...] = ()
    emulated: tuple[Platform, ...] = ()
    perhaps: tuple[Platform, ...] = ()
    asks_others: bool = False
    guarded: bool = True
    last: bool = False

    @property
    def usable(self) -> bool:
        """Whether programs can be run with it."""
        return self.problem is None

    def how(self, platform: Platform) -> How | None:
        """How a platform's programs would run; None where they cannot."""
        if not self.usable or platform.os != "linux":
            return None
        if any(platform.satisfies(each) for each in self.native):
            return "native"
        if any(platform.satisfies(each) for each in self.emulated):
            return "emulated"
        if any(platform.satisfies(each) for each in self.perhaps):
            return "native"
        return "emulated" if self.asks_others else None

    def why_not(self, platform: Platform) -> tuple[str, str]:
        """What keeps it from running a platform's programs, and what to do; empty for nothing."""
        if self.problem is not None:
            return self.problem, self.hint or ""
        if self.how(platform):
            return "", ""
        if platform.os != "linux":
            return f"programs for {platform.os} are not run here", "run them on such a machine"
        return f"nothing here runs programs for {platform}", INSTALL_QEMU


INSTALL_QEMU = (
    "install QEMU (Debian: `apt-get install qemu-user-static binfmt-support`), or prove the "
    "platform on a machine of its own"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldImage:
    """An image that runs are made of; `folder` is this one's own and vanishes afterwards."""

    store: Fetcher
    descriptor: Descriptor
    platform: Platform
    how: How
    unpacked: UnpackedImage
    folder: Path
    network: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One command as it starts; `working_dir` is absolute.

    `own` says that it is the image's own entrypoint with its command. `variables` are those that
    the program sees, `added` those among them that the image does not have. `chain` are the real
    paths of the files that are run, scripts first.
    """

    arguments: tuple[str, ...]
    own: bool
    variables: Mapping[str, str]
    added: Mapping[str, str]
    working_dir: str
    account: Account
    chain: tuple[str, ...] = ()

    def uses(self, folder: str) -> bool:
        """Whether something that it needs lies in a folder, which may not be covered then."""
        return any(f"{path}/".startswith(f"{folder}/") for path in (self.working_dir, *self.chain))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended.

    `status` is 128 and the signal's number where a signal ended it, None where we did. `fault` is
    what the runtime says where it could not start the command at all. `load` says, where its
    time was over, how many processors it kept busy then, None where nobody knows it; for `quiet_s`
    seconds it had said nothing.
    """

    status: int | None
    output: str
    seconds: float
    cut: Cut | None = None
    load: float | None = None
    quiet_s: float = 0
    fault: str = ""
    out_of_memory: bool = False
    dropped: int = 0


Execute = Callable[[Launch, Bounds], Ended]


class Runtime(Protocol):
    """Runs programs of images; safe to call from several threads at once."""

    @property
    def name(self) -> str:
        """What people call it, and how it is chosen."""
        ...

    def probe(self) -> RuntimeInfo:
        """Ask the machine; never raises for a runtime that is absent or broken."""
        ...

    def holding(self, image: HeldImage) -> AbstractContextManager[Execute]:
        """Have the image ready to run; nothing of it is left behind afterwards.

        Raises:
            EngineUnusableError: it does not take the image, or takes another one for it.
            InterruptedByUserError: everything is being ended.
        """
        ...


def shell_status(status: int) -> int:
    """The status of a process as shells count it: 128 and the number of a signal."""
    return 128 - status if status < 0 else status
