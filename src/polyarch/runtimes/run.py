"""Running smoke tests in one platform's image, from its digest to the outcome of each."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from polyarch.errors import (
    ContentError,
    EngineUnusableError,
    HostError,
    MalformedManifestError,
    ProcessFailedError,
    StorageError,
)
from polyarch.host.process import check_not_ending
from polyarch.runtimes.base import Execute, HeldImage, Runtime, RuntimeInfo
from polyarch.runtimes.catalog import Choice, advice
from polyarch.runtimes.launching import Refused, Starter
from polyarch.runtimes.outcome import Outcome, Reason, Status
from polyarch.runtimes.removal import remove_tree
from polyarch.runtimes.request import RunRequest
from polyarch.runtimes.root import Root
from polyarch.runtimes.smoke import SmokeTest, judge
from polyarch.runtimes.symptoms import Circumstances
from polyarch.runtimes.unpack import UnpackedImage, unpack

_ROOM_HINT = "make room, or name another folder to unpack images in (TMPDIR)"


def run(request: RunRequest) -> Outcome:
    """Run the request's test. What cannot be run is an outcome too, and never a passed one.

    Raises:
        RegistryError: the store is one, and does not answer.
        InterruptedByUserError: everything is being ended.
    """
    return run_all(request, (request.test,))[0]


def run_all(request: RunRequest, tests: Sequence[SmokeTest]) -> tuple[Outcome, ...]:
    """Run several tests in one image, which is unpacked and loaded once; in their order.

    Raises:
        RegistryError: the store is one, and does not answer.
        InterruptedByUserError: everything is being ended.
    """
    choice = Choice(request.environment, request.runtime)
    if next(choice.fitting(request.platform), None) is None:
        return _for_all(tests, _no_runtime(request, choice))
    try:
        with _folder(request.scratch) as folder, Root(_made(folder / "root")) as root:
            unpacked = unpack(
                request.store, request.manifest, request.platform, root, request.laying
            )
            return _run_all(request, tests, choice, unpacked, folder)
    except StorageError as error:
        told = f"{error.message} ({error.where})" if error.where else error.message
        return _for_all(tests, _not_run(Reason.NO_ROOM, told, _ROOM_HINT))
    except (ContentError, MalformedManifestError) as error:
        broken = _not_run(Reason.BROKEN_IMAGE, error.message, error.hint or "")
        return _for_all(tests, replace(broken, status=Status.FAILED))


def _run_all(
    request: RunRequest,
    tests: Sequence[SmokeTest],
    choice: Choice,
    unpacked: UnpackedImage,
    folder: Path,
) -> tuple[Outcome, ...]:
    said = unpacked.config.platform
    if (said.os, said.architecture) != (request.platform.os, request.platform.architecture):
        told = f"the image says that it is for {said}, and not for {request.platform}"
        failed = _not_run(Reason.WRONG_ARCHITECTURE, told, "build it for its platform")
        return _for_all(tests, replace(failed, status=Status.FAILED))
    if unpacked.left_out:
        told = f"`{unpacked.left_out[0]}` is a sparse file, which is not unpacked here"
        hint = "write it without holes (`tar --sparse` makes them)"
        return _for_all(tests, _not_run(Reason.UNSUPPORTED_IMAGE, told, hint))
    runtime, info = _best(request, choice, unpacked)
    how = info.how(request.platform) or "native"
    image = HeldImage(
        store=request.store,
        descriptor=request.manifest,
        platform=request.platform,
        how=how,
        unpacked=unpacked,
        folder=folder,
        network=request.network,
    )
    bench = _Bench(request=request, image=image, runtime=runtime, info=info)
    return bench.run(tests)


def _best(
    request: RunRequest, choice: Choice, unpacked: UnpackedImage
) -> tuple[Runtime, RuntimeInfo]:
    """The first that fits; with programs of other machines in the image, one that stops them."""
    fitting = list(choice.fitting(request.platform)) if unpacked.foreign else []
    guarded = next((each for each in fitting if each[1].guarded), None)
    return guarded or next(choice.fitting(request.platform))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    request: RunRequest
    image: HeldImage
    runtime: Runtime
    info: RuntimeInfo

    def run(self, tests: Sequence[SmokeTest]) -> tuple[Outcome, ...]:
        """All tests; the runtime gets the image when the first of them can be started."""
        starter = Starter(self.image, self.request.variables)
        found: list[Outcome] = []
        with contextlib.ExitStack() as stack:
            execute: Execute | None = None
            for test in tests:
                check_not_ending()
                launch = starter.launch(test.run)
                if isinstance(launch, Refused):
                    found.append(launch.outcome)
                    continue
                try:
                    execute = execute or stack.enter_context(self.runtime.holding(self.image))
                    bounds = replace(self.request.bounds, timeout_s=test.timeout_s)
                    ended = execute(launch, bounds)
                except EngineUnusableError as error:
                    found.append(self._failed(error.message, error.hint))
                    continue
                except (HostError, ProcessFailedError) as error:
                    check_not_ending()
                    found.append(self._failed(error.message, error.hint))
                    continue
                outcome = judge(test, launch.arguments, ended, self._about(starter, launch.chain))
                found.append(self._certain(outcome))
        return tuple(found)

    def _about(self, starter: Starter, chain: tuple[str, ...]) -> Circumstances:
        return Circumstances(
            platform=str(self.image.platform),
            how=self.image.how,
            runtime=self.runtime.name,
            foreign=tuple(each.path for each in self.image.unpacked.foreign),
            is_java=starter.is_java(chain),
        )

    def _certain(self, outcome: Outcome) -> Outcome:
        """A pass, unless a program of another machine may have helped."""
        foreign = self.image.unpacked.foreign
        if not outcome.passed or self.info.guarded or not foreign:
            return outcome
        first = foreign[0]
        return replace(
            outcome,
            status=Status.NOT_RUN,
            reason=Reason.DOUBTFUL,
            message=f"it passed in {self.runtime.name}, which may have run `{first.path}`, a "
            f"program for {first.architecture}, as this machine does and "
            f"{self.image.platform} does not",
            hint="install bubblewrap or proot, which keep such programs from running, or take the "
            "program out of the image",
        )

    def _failed(self, message: str, hint: str | None) -> Outcome:
        found = _not_run(Reason.RUNTIME_FAILED, message, hint or "try another runtime")
        return replace(found, runtime=self.runtime.name)


def _no_runtime(request: RunRequest, choice: Choice) -> Outcome:
    refusals = choice.refusals(request.platform)
    usable = [each for each in refusals if each.problem.startswith("nothing here runs")]
    reason = Reason.NO_EMULATOR if usable else Reason.NO_RUNTIME
    told = "; ".join(f"{each.name}: {each.problem}" for each in refusals)
    return _not_run(reason, f"nothing here can run it ({told})", advice(refusals))


def _not_run(reason: Reason, message: str, hint: str) -> Outcome:
    return Outcome(status=Status.NOT_RUN, reason=reason, message=message, hint=hint)


def _for_all(tests: Sequence[SmokeTest], outcome: Outcome) -> tuple[Outcome, ...]:
    return tuple(replace(outcome, command=test.run or ()) for test in tests)


@contextlib.contextmanager
def _folder(scratch: Path | None) -> Iterator[Path]:
    """A folder that nobody else may look into, and that is gone afterwards.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        if scratch:
            scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="polyarch-run-", dir=scratch)).resolve()
    except OSError as error:
        where = str(scratch or tempfile.gettempdir())
        raise StorageError(where, error.strerror or str(error)) from error
    try:
        yield folder
    finally:
        remove_tree(folder)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
