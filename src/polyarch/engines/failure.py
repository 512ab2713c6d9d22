"""From a build that ended badly to the one error that says what to do."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from polyarch.engines.base import BuildRequest, EngineInfo
from polyarch.engines.faults import Fault, Kind, diagnose, known_hang
from polyarch.engines.version import Version
from polyarch.errors import (
    BaseLoginRefusedError,
    BaseUnreachableError,
    BuildFailedError,
    BuildStalledError,
    BuildTooSlowError,
    EmulatorMissingError,
    EngineUnusableError,
    PolyarchError,
    ProcessFailedError,
    StorageError,
)
from polyarch.host.emulator_signs import missing_sign, qemu_here

_WAY_OUT = (
    "else cross-compile in a `FROM --platform=$BUILDPLATFORM` stage, build on a native machine"
    " (`[builders.…]`), or register a newer QEMU"
)
_SHOWN = 12
"""Lines of a step's output that an error shows; the log has all."""

_FAILURES: Mapping[Kind, type[BuildFailedError]] = MappingProxyType(
    {"registry": BaseUnreachableError, "login": BaseLoginRefusedError}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is left of a failed build.

    `step` is the step that failed, `steps` what it (or, if that is not known, any) printed last,
    `verdict` what the engine itself says.
    """

    verdict: tuple[str, ...]
    steps: tuple[str, ...] = ()
    step: str = ""

    @property
    def last_lines(self) -> tuple[str, ...]:
        """What a person is shown."""
        named = (self.step,) if self.step else ()
        return (*named, *self.printed, *self.verdict[-3:])

    @property
    def printed(self) -> tuple[str, ...]:
        """The end of what the steps printed."""
        printed = [line for line in self.steps if line.strip() and line not in self.verdict]
        return tuple(printed[-_SHOWN:])

    def masked(self, mask: Callable[[str], str]) -> "Evidence":
        """The same without secrets."""
        return Evidence(
            verdict=tuple(map(mask, self.verdict)),
            steps=tuple(map(mask, self.steps)),
            step=mask(self.step),
        )


def explained(
    request: BuildRequest,
    info: EngineInfo,
    evidence: Evidence,
    ended: ProcessFailedError | None = None,
    here: Mapping[str, str] | None = None,
) -> PolyarchError:
    """The error of a failed build: the user's, the engine's, or this machine's.

    `ended` tells whether one of the request's bounds was reached, which explains all else. `here`
    is the environment of programs on this machine where the engine runs on it, so that its
    emulators can be asked.
    """
    evidence = evidence.masked(request.mask)
    if ended is not None and (stopped := out_of_bounds(request, info.name, evidence, ended)):
        return stopped
    fault = diagnose(evidence.verdict, evidence.steps, emulated=request.emulated)
    log = str(request.log) if request.log else None
    if fault is not None:
        if fault.kind == "storage":
            place = f"the store of the engine `{info.name}`, or the folder that it exports to"
            return StorageError(place, fault.problem)
        if fault.kind == "engine":
            return EngineUnusableError(info.name, fault.problem, hint=fault.hint)
        if fault.kind == "emulator" and request.platform not in info.native:
            found = missing_sign(request.platform, here) if here is not None else ""
            # Where the kernel starts programs of the platform, it was one of yet another.
            if found or here is None:
                return EmulatorMissingError(info.name, str(request.platform), log=log, found=found)
    failure = _FAILURES.get(fault.kind, BuildFailedError) if fault else BuildFailedError
    return failure(
        request.image,
        str(request.platform),
        info.name,
        last_lines=evidence.last_lines,
        log=log,
        hint=_hint(fault, request, here),
    )


def out_of_bounds(
    request: BuildRequest, engine: str, evidence: Evidence, ended: ProcessFailedError
) -> BuildTooSlowError | None:
    """The error of a build that was ended because of its bounds, None where that is not why."""
    bounds = request.bounds
    failure: type[BuildTooSlowError]
    if ended.is_silent:
        failure, seconds = BuildStalledError, bounds.silent_s
    elif ended.is_late:
        failure, seconds = BuildTooSlowError, bounds.whole_s
    else:
        return None
    return failure(
        request.image,
        str(request.platform),
        engine,
        seconds=seconds or 0,
        step=evidence.step,
        last_lines=evidence.printed,
        emulated=request.emulated,
        known=_known(evidence.step) if request.emulated else "",
        log=str(request.log) if request.log else None,
    )


def _known(step: str) -> str:
    hang = known_hang(step)
    return f"{hang.problem}: {hang.hint} (see {hang.source})" if hang else ""


def _hint(fault: Fault | None, request: BuildRequest, here: Mapping[str, str] | None) -> str | None:
    if fault is None:
        return None
    told = f"{fault.problem}: {fault.hint}"
    if fault.kind != "qemu":
        return told
    version = qemu_here(request.platform, here) if here is not None else ""
    return "; ".join((told, *_about_qemu(fault, version), _WAY_OUT))


def _about_qemu(fault: Fault, version: str) -> Iterator[str]:
    """Which QEMU it is, which one mended the fault, and where that stands."""
    mended = f"mended in QEMU {fault.mended_in}" if fault.mended_in else ""
    if version and mended and _is_older(version, fault.mended_in):
        yield f"{mended}, and here is {version}"
    elif version:
        yield f"QEMU {version} is here" + (f"; reported as {mended}" if mended else "")
    elif mended:
        yield mended
    if fault.source:
        yield f"see {fault.source}"


def _is_older(version: str, mended_in: str) -> bool:
    found, wanted = Version.find(version), Version.find(mended_in)
    return found is not None and wanted is not None and found < wanted
