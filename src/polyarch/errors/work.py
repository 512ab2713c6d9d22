"""Work that failed: programs, builds, proofs."""

from collections.abc import Sequence

from polyarch.errors.base import PolyarchError, shorten


class WorkError(PolyarchError):
    """The work itself failed."""

    code = "failed"


class ProcessFailedError(WorkError):
    """A program ended with another status than 0, or was ended.

    `is_late`: because it took too long; `is_silent`: because it was silent for too long.
    """

    code = "process-failed"

    def __init__(
        self,
        program: str,
        status: int,
        last_lines: Sequence[str],
        *,
        is_late: bool = False,
        is_silent: bool = False,
    ) -> None:
        tail = "".join(f"\n  {line}" for line in last_lines)
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        super().__init__(f"`{program}` {how}{tail}")
        self.how = how
        self.is_late = is_late
        self.is_silent = is_silent
        self.program = program
        self.status = status
        self.last_lines = tuple(last_lines)


class BuildFailedError(WorkError):
    """A build ended badly; `last_lines` are the end of the engine's output."""

    code = "build-failed"

    def __init__(
        self,
        image: str,
        platform: str,
        engine: str,
        *,
        last_lines: Sequence[str] = (),
        log: str | None = None,
        hint: str | None = None,
    ) -> None:
        tail = "".join(f"\n  {shorten(line, 300)}" for line in last_lines)
        super().__init__(
            f"cannot build `{image}` for `{platform}` with {engine}{tail}",
            where=f"image `{image}`, platform `{platform}`, engine `{engine}`",
            hint="; ".join(filter(None, (hint, log and f"the whole log is `{log}`"))) or None,
        )
        self.image = image
        self.platform = platform
        self.last_lines = tuple(last_lines)
        self.log = log


class BasePlatformError(BuildFailedError):
    """An image was to be built on a base of another platform."""

    code = "base-platform"

    def __init__(self, image: str, platform: str, engine: str, *, base: str, found: str) -> None:
        super().__init__(
            image,
            platform,
            engine,
            last_lines=[f"its base `{shorten(base)}` is an image for `{found}`"],
            hint=f"build the base for `{platform}` too: it must list this platform",
        )


class ForeignLayerError(BuildFailedError):
    """A base has a layer that is only told of: its bytes lie at some address on the web."""

    code = "foreign-layer"

    def __init__(self, image: str, platform: str, engine: str, *, base: str, layer: str) -> None:
        what = (
            f"layer {layer} of its base `{shorten(base)}` lies in no registry: its manifest names"
            " web addresses for it, as old Windows images do"
        )
        super().__init__(
            image,
            platform,
            engine,
            last_lines=[what],
            hint="take a base whose registry holds all of its layers, or let a container engine"
            " build this image",
        )


class BaseUnreachableError(BuildFailedError):
    """A registry that a build takes images from is down, cut off, or takes no more requests."""

    code = "base-unreachable"
    retryable = True


class BaseLoginRefusedError(BuildFailedError):
    """A registry that a build takes images from does not take the login, or wants one."""

    code = "base-login-refused"


class ExistingMisfitError(WorkError):
    """An image that was to stand in for a build, and is not of the platform."""

    code = "existing-misfit"

    def __init__(self, reference: str, platform: str, found: Sequence[str], *, why: str) -> None:
        has = ", ".join(f"`{name}`" for name in found) or "none that is named"
        super().__init__(
            f"`{reference}` has no image for `{platform}`: it has {has}",
            where=f"`{platform}`: {why}",
            hint="take another image for this platform, or build it",
        )


class BaseNotPublishedError(WorkError):
    """An image stands on another of the project that is neither built now nor published."""

    code = "base-not-published"

    def __init__(self, base: str, image: str, references: Sequence[str]) -> None:
        looked = ", ".join(f"`{name}`" for name in references)
        super().__init__(
            f"image `{base}`, which `{image}` stands on, is not published",
            where=looked or f"polyarch.toml, images.{base}: it has no `repositories`",
            hint="build it too with `--with-dependencies`, or publish it first",
        )


class LoadedOtherwiseError(WorkError):
    """An engine or archive that was given an image shows another one, or one it cannot run as."""

    code = "loaded-otherwise"

    def __init__(self, place: str, expected: str, found: str) -> None:
        super().__init__(
            f"`{shorten(place)}` was given an image for {expected} and shows {shorten(found)}",
            where=shorten(place),
            hint="remove that name there and copy again; the name leads to something else now",
        )


class VerificationError(WorkError):
    """A proof failed: nothing was tagged.

    `findings` holds one line for each thing that is wrong.
    """

    code = "verification"

    def __init__(self, subject: str, findings: Sequence[str], *, hint: str = "") -> None:
        listed = "".join(f"\n  {finding}" for finding in findings)
        super().__init__(
            f"`{subject}` is not what it says{listed}",
            where=subject,
            hint=f"{hint or 'mend the build of the platform named'}; no tag was moved",
        )
        self.findings = tuple(findings)


class SmokeTestFailedError(VerificationError):
    """Programs of an image did not do what its smoke tests want; each failure is one line."""

    code = "smoke-test-failed"

    def __init__(self, image: str, failures: Sequence[str], *, hint: str, log: str) -> None:
        told = [shorten(failure, 500) for failure in failures]
        listed = "s" + "".join(f"\n  {line}" for line in told)
        PolyarchError.__init__(
            self,
            f"`{image}` fails its smoke test{f': {told[0]}' if len(told) == 1 else listed}",
            where=f"image `{image}`, key `smoke-test`",
            hint="; ".join(filter(None, ("no tag was moved", f"what it printed: `{log}`", hint))),
        )
        self.findings = tuple(failures)


class GateFailedError(VerificationError):
    """A gate refused an image of one platform; `others` are what else was refused, a line each."""

    code = "gate-failed"

    def __init__(
        self,
        image: str,
        platform: str,
        command: str,
        *,
        problem: str,
        last_lines: Sequence[str] = (),
        log: str,
        others: Sequence[str] = (),
    ) -> None:
        told = [shorten(line, 300) for line in last_lines]
        told += [f"likewise {shorten(other, 300)}" for other in others]
        tail = "".join(f"\n  {line}" for line in told)
        PolyarchError.__init__(
            self,
            f"`{image}` for `{platform}` does not pass the gate `{shorten(command)}`: it"
            f" {problem}{tail}",
            where=f"image `{image}`, platform `{platform}`, key `gates`",
            hint=f"no tag was moved; its whole output is `{log}`",
        )
        self.findings = (f"{platform}: `{command}` {problem}", *others)


class AfterPublishError(WorkError):
    """A command that was to run after publishing failed: the tags stay where they are."""

    code = "after-publish-failed"

    def __init__(
        self, image: str, command: str, *, problem: str, last_lines: Sequence[str] = (), log: str
    ) -> None:
        tail = "".join(f"\n  {shorten(line, 300)}" for line in last_lines)
        super().__init__(
            f"`{image}` is published, and `{shorten(command)}` {problem}{tail}",
            where=f"image `{image}`, key `after-publish`",
            hint=f"run it by hand, or publish again: it runs each time; its output is `{log}`",
        )
