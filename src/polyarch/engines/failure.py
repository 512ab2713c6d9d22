"""From a build that ended badly to the one error that says what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from polyarch.engines.base import BuildRequest, EngineInfo
from polyarch.engines.faults import Fault, Kind, diagnose
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
) -> PolyarchError:
    """The error of a failed build: the user's, the engine's, or this machine's.

    `ended` tells whether one of the request's bounds was reached, which explains all else.
    """
    evidence = evidence.masked(request.mask)
    if ended is not None and (stopped := out_of_bounds(request, info.name, evidence, ended)):
        return stopped
    fault = diagnose(evidence.verdict, evidence.steps)
    log = str(request.log) if request.log else None
    if fault is not None:
        if fault.kind == "storage":
            place = f"the store of the engine `{info.name}`, or the folder that it exports to"
            return StorageError(place, fault.problem)
        if fault.kind == "engine":
            return EngineUnusableError(info.name, fault.problem, hint=fault.hint)
        if fault.kind == "emulator" and request.platform not in info.native:
            return EmulatorMissingError(info.name, str(request.platform), log=log)
    failure = _FAILURES.get(fault.kind, BuildFailedError) if fault else BuildFailedError
    return failure(
        request.image,
        str(request.platform),
        info.name,
        last_lines=evidence.last_lines,
        log=log,
        hint=_hint(fault),
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
        log=str(request.log) if request.log else None,
    )


def _hint(fault: Fault | None) -> str | None:
    return f"{fault.problem}: {fault.hint}" if fault else None
