"""Builds that were ended because they took too long or fell silent."""

from collections.abc import Sequence

from polyarch.errors.base import PolyarchError, shorten
from polyarch.errors.work import BuildFailedError

_HANGS = (
    "programs of this platform run under QEMU there, which is 5 to 40 times slower and is known to"
    " hang (threads, Go's and Node's garbage collectors, `apt` and `dpkg`)"
)
_WAY_OUT = (
    "cross-compile in a `FROM --platform=$BUILDPLATFORM` stage, build on a native machine"
    " (`[builders.…]`), or try a newer QEMU (`polyarch doctor`)"
)


class BuildTooSlowError(BuildFailedError):
    """A build that reached its `timeout` of `seconds`; `step` is the one that it was in.

    `known` is what that step is known for under QEMU.
    """

    code = "build-too-slow"
    key = "timeout"
    _problem = "it did not end within {seconds} s"

    def __init__(
        self,
        image: str,
        platform: str,
        engine: str,
        *,
        seconds: int,
        step: str = "",
        last_lines: Sequence[str] = (),
        emulated: bool = False,
        known: str = "",
        log: str | None = None,
    ) -> None:
        lines = [shorten(line, 300) for line in last_lines]
        at = f", in the step `{shorten(step, 200)}`" if step else ""
        why = self._problem.format(seconds=seconds)
        PolyarchError.__init__(
            self,
            f"cannot build `{image}` for `{platform}` with {engine}: {why}{at}"
            + "".join(f"\n  {line}" for line in lines),
            where=f"image `{image}`, platform `{platform}`, engine `{engine}`, key `{self.key}`",
            hint="; ".join(
                filter(
                    None,
                    (
                        f"{known or _HANGS}: {_WAY_OUT}"
                        if emulated
                        else "see what the step waits for",
                        f"or give it a longer `{self.key}`",
                        log and f"the whole log is `{log}`",
                    ),
                )
            ),
        )
        self.image = image
        self.platform = platform
        self.last_lines = tuple(last_lines)
        self.log = log
        self.step = step
        self.seconds = seconds


class BuildStalledError(BuildTooSlowError):
    """A build that said nothing for its `stall-timeout` of `seconds`."""

    code = "build-stalled"
    key = "stall-timeout"
    _problem = "it was silent for {seconds} s"
