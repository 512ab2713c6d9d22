"""`polyarch doctor --fix`: what is wrong and can be mended safely, each change told before."""

from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.events import Note
from polyarch.host.emulation import read_machine
from polyarch.host.mending import Mended, mend
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.builders import Builders
from polyarch.pipeline.diagnosis_emulators import foreign_platforms
from polyarch.pipeline.emulator_record import remember
from polyarch.pipeline.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A change that was made, or could not be: `problem` says why.

    `commands` do the same by hand. `done` False with no problem: only root may, so nothing was
    tried.
    """

    area: str
    message: str
    commands: str
    done: bool
    problem: str = ""

    @property
    def status(self) -> str:
        """One word for it."""
        return "done" if self.done else "failed" if self.problem else "needs-root"

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.doctor/v1`."""
        return {
            "area": self.area,
            "status": self.status,
            "message": self.message,
            "commands": self.commands,
            "problem": self.problem or None,
        }


def fix(project: Project | None, world: World) -> tuple[Fix, ...]:
    """Mend what can be mended here; never raises for what cannot.

    Emulators only for the project's platforms; outside a project for all that QEMU is here for.
    Builders only where polyarch makes them itself.
    """
    platforms = foreign_platforms(project, read_machine(world.environment))
    mended = mend(
        platforms,
        world.environment,
        lambda text: world.listen(Note(text=text)),
        folders=[world.state] if world.state.is_dir() else [],
    )
    remember(world.state, mended.trials)
    return (*_emulators(mended), *(_builders(project, world) if project else ()))


def _emulators(mended: Mended) -> Iterator[Fix]:
    for attempt in mended.attempts:
        yield Fix(
            area="emulator",
            message=attempt.remedy.says,
            commands=attempt.remedy.shown(is_root=True),
            done=not attempt.problem,
            problem=attempt.problem,
        )
    if mended.rest:
        yield Fix(
            area="emulator",
            message="only root may register emulators",
            commands=mended.rest,
            done=False,
        )


def _builders(project: Project, world: World) -> Iterator[Fix]:
    """Make those again that cannot be used; an Engine that does not answer is nobody's to make."""
    builders = Builders(project=project, world=world)
    gone = [
        each.node.name
        for each in builders.look(())
        if not each.info.usable and each.node.driver != "docker"
    ]
    for found in builders.start(gone) if gone else ():
        yield Fix(
            area="builder",
            message=f"make the builder `{found.node.name}` again",
            commands=f"polyarch builders up {found.node.name}",
            done=found.info.usable,
            problem="" if found.info.usable else found.info.problem or "it still does not answer",
        )
