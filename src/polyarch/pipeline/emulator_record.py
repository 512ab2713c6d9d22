"""Which emulators worked when they were last tried, so that those lost at a reboot are known."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from polyarch.content.files import write_bytes
from polyarch.errors import PolyarchError
from polyarch.host.trial import Outcome, Trial

_FILE = "emulators.json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LARGEST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorRecord:
    """`boot` is the kernel's name for the time since it was started; empty where it has none."""

    boot: str = ""
    platforms: frozenset[str] = frozenset()

    def lost(self, platform: str) -> str:
        """Why programs that ran the last time do not now; empty for those that did not run."""
        if platform not in self.platforms:
            return ""
        rebooted = self.boot and self.boot != this_boot()
        return "lost at a reboot" if rebooted else "lost: somebody took it away"


def this_boot() -> str:
    """The kernel's name for the time since it was started."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def recalled(state: Path) -> EmulatorRecord:
    """What the last look wrote down; nothing where it is not there or not to be read."""
    try:
        with (state / _FILE).open("rb") as file:
            found = json.loads(file.read(_LARGEST))
        platforms = frozenset(text for text in found["platforms"] if isinstance(text, str))
        return EmulatorRecord(boot=str(found["boot"]), platforms=platforms)
    except (OSError, ValueError, KeyError, TypeError):
        return EmulatorRecord()


def remember(state: Path, trials: Collection[Trial]) -> None:
    """Write down which work, where there is a folder for it; never raises."""
    working = sorted(str(each.platform) for each in trials if each.outcome is Outcome.WORKS)
    text = json.dumps({"boot": this_boot(), "platforms": working})
    if not state.is_dir() or not working:
        return
    try:
        write_bytes(state / _FILE, text.encode(), mode=0o600)
    except PolyarchError:
        return
