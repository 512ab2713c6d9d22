"""`verify`: what any image is, wherever it is, against what it says.

Places are looked at beside each other, and so are the platforms of each. Only what the level needs
is fetched, and the same content once.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from polyarch.config.project import Project
from polyarch.content.places import Place
from polyarch.errors import InterruptedByUserError, PolyarchError, UsageError
from polyarch.findings import Report
from polyarch.host import process
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.verify_image import ImageCheck
from polyarch.pipeline.verify_levels import looks_of, program_report
from polyarch.pipeline.verify_request import Level, Program, Subject, VerifyRequest
from polyarch.pipeline.verify_result import VerifyOutcome, VerifyResult, why
from polyarch.pipeline.verify_same import compared
from polyarch.pipeline.verify_source import Opener, opener
from polyarch.pipeline.world import World

AT_ONCE = 8
"""Places, and platforms, that are asked for beside each other: most of it is waiting."""


def verify_places(
    request: VerifyRequest, reach: Reach, world: World, *, project: Project | None, folder: Path
) -> VerifyResult:
    """Look at places; relative paths begin at `folder`.

    What cannot be looked at is an outcome, never an exception.
    """
    with desk(request, reach, world, project=project, folder=folder) as at:
        outcomes = tuple(at.places.map(at.outcome, request.subjects))
    if request.same:
        hosts = {
            each.repository.registry
            for each in request.subjects
            if isinstance(each, Place) and each.repository
        }
        outcomes = compared(outcomes, request.same, request.platforms, reach.takes_less(hosts))
    return VerifyResult(outcomes=outcomes, fail_on=request.fail_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where places are looked at."""

    request: VerifyRequest
    folder: Path
    opener: Opener
    check: ImageCheck
    places: Executor

    def outcome(self, subject: Subject) -> VerifyOutcome:
        """What is found of one place."""
        name = str(subject)
        try:
            if isinstance(subject, Program):
                return self._program(subject)
            return self.check.outcome(self.opener.open(subject))
        except (InterruptedByUserError, UsageError):
            raise
        except PolyarchError as error:
            report = Report(subject=name, unknown=why(error))
            return VerifyOutcome(subject=name, report=report, level=self.request.level, error=error)

    def _program(self, program: Program) -> VerifyOutcome:
        platform = next(iter(self.request.platforms), None)
        report = program_report(self.folder / program.path, platform, subject=str(program))
        return VerifyOutcome(subject=str(program), report=report, level=Level.DEEP)


@contextmanager
def desk(
    request: VerifyRequest, reach: Reach, world: World, *, project: Project | None, folder: Path
) -> Iterator[Desk]:
    """Open what looking at places needs.

    Raises:
        StorageError: a folder to unpack images in cannot be made.
    """
    with ExitStack() as stack:
        looks = looks_of(request, project, world, stack)
        places = stack.enter_context(ThreadPoolExecutor(AT_ONCE, "verify-place"))
        platforms = stack.enter_context(ThreadPoolExecutor(_platforms_at_once(request), "verify"))
        opened = opener(
            reach, world, stack, project=project, folder=folder, wanted=request.platforms
        )
        check = ImageCheck(
            level=request.level,
            platforms=request.platforms,
            pool=platforms,
            looks=looks,
            listen=world.listen,
        )
        try:
            yield Desk(request=request, folder=folder, opener=opened, check=check, places=places)
        except BaseException:
            with process.ending_all():
                for pool in (places, platforms):
                    pool.shutdown(wait=False, cancel_futures=True)
                opened.registries.close()  # whoever still waits for one is let go
                platforms.shutdown()
                places.shutdown()
            raise


def _platforms_at_once(request: VerifyRequest) -> int:
    """Reading layers is work for processors, all else is waiting for registries."""
    return min(AT_ONCE, os.cpu_count() or 1) if request.level.reaches(Level.DEEP) else AT_ONCE
