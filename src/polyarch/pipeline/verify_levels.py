"""What the levels beyond the structure do: reading programs, and starting them."""

from pathlib import Path

from polyarch.checks.allow import Allowances
from polyarch.checks.architecture import check_architecture
from polyarch.checks.memory import LayerMemory
from polyarch.checks.program import check_program
from polyarch.config.project import Project
from polyarch.content.store import Fetcher
from polyarch.errors import UsageError
from polyarch.findings import Report
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.platform import Platform
from polyarch.pipeline.verify_image import Look
from polyarch.pipeline.verify_request import Level


def looks_of(level: Level, project: Project | None) -> tuple[tuple[Level, Look], ...]:
    """What is done at each level up to this one, in order.

    Layers that several images have are read once, as long as what is given here is used.

    Raises:
        UsageError: this level is not there.
    """
    if level is Level.RUN:
        raise UsageError(
            "images are not started yet",
            where="`--level run` on the command line",
            hint="`--level deep` reads every program in them",
        )
    if not level.reaches(Level.DEEP):
        return ()
    allow = Allowances.of(project.verify.allow if project else ())
    memory = LayerMemory()

    def deep(
        store: Fetcher, image: Descriptor, platform: Platform, subject: str
    ) -> tuple[Report, str]:
        report = check_architecture(
            store, image, platform, subject=subject, allow=allow, seen=memory
        )
        return report, ""

    return ((Level.DEEP, deep),)


def program_report(path: Path, platform: Platform | None, *, subject: str) -> Report:
    """What a program on disk is.

    Raises:
        ProgramFileError: there is none, or it cannot be read.
    """
    return check_program(path, platform, subject=subject)
