"""What the levels beyond the structure do: reading programs, and starting them."""

import secrets
from contextlib import ExitStack
from pathlib import Path

from polyarch.checks.allow import Allowances
from polyarch.checks.architecture import check_architecture
from polyarch.checks.memory import LayerMemory
from polyarch.checks.program import check_program
from polyarch.config.project import Project
from polyarch.content.store import Fetcher
from polyarch.findings import Report
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.platform import Platform
from polyarch.pipeline.copy_spool import spool
from polyarch.pipeline.environment import without_logins
from polyarch.pipeline.verify_image import Look
from polyarch.pipeline.verify_request import Level, VerifyRequest
from polyarch.pipeline.world import World


def looks_of(
    request: VerifyRequest, project: Project | None, world: World, stack: ExitStack
) -> tuple[tuple[Level, Look], ...]:
    """What is done at each level up to the one that is asked, in order, while `stack` is open.

    Layers that several images have are read once, as long as what is given here is used.

    Raises:
        StorageError: a folder to unpack images in cannot be made.
    """
    if not request.level.reaches(Level.DEEP):
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

    if request.level is not Level.RUN:
        return ((Level.DEEP, deep),)
    from polyarch.pipeline.verify_run import Runs

    runs = Runs(
        commands=request.smoke_tests,
        project=project,
        environment=without_logins(world.environment, project.secret_variables if project else ()),
        # No run of the project may sweep it away: this one holds another lock than they do.
        scratch=stack.enter_context(spool(world.state, f"run-{secrets.token_hex(6)}")),
    )
    return ((Level.DEEP, deep), (Level.RUN, runs.look))


def program_report(path: Path, platform: Platform | None, *, subject: str) -> Report:
    """What a program on disk is.

    Raises:
        ProgramFileError: there is none, or it cannot be read.
    """
    return check_program(path, platform, subject=subject)
