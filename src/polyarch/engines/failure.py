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
    EmulatorMissingError,
    EngineUnusableError,
    PolyarchError,
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
        printed = tuple(line for line in self.steps if line.strip() and line not in self.verdict)
        named = (self.step,) if self.step else ()
        return (*named, *printed[-_SHOWN:], *self.verdict[-3:])

    def masked(self, mask: Callable[[str], str]) -> "Evidence":
        """The same without secrets."""
        return Evidence(
            verdict=tuple(map(mask, self.verdict)),
            steps=tuple(map(mask, self.steps)),
            step=mask(self.step),
        )


def explained(request: BuildRequest, info: EngineInfo, evidence: Evidence) -> PolyarchError:
    """The error of a failed build: the user's, the engine's, or this machine's."""
    evidence = evidence.masked(request.mask)
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


def _hint(fault: Fault | None) -> str | None:
    return f"{fault.problem}: {fault.hint}" if fault else None
