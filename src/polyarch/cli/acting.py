"""What the verbs share that move published tags by a person's word: `tag`, `rollback`, `undo`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.invocation import Invocation
from polyarch.cli.outcomes import code_of
from polyarch.cli.recorded import recorded
from polyarch.config.project import Project
from polyarch.errors import PullRequestActError, ReservedTagNamedError
from polyarch.host.ci_event import CiEvent
from polyarch.host.mask import Mask, secrets_in

if TYPE_CHECKING:
    from polyarch.pipeline.moving.act import Terms
    from polyarch.pipeline.moving.result import MoveResult
    from polyarch.pipeline.reach import Reach
    from polyarch.pipeline.world import World

    Work = Callable[["Terms", "Reach", "World", CiEvent], "MoveResult"]


class Said(TypedDict):
    """What `options.act` hands to a verb."""

    why: str
    on_registry_failure: str | None
    dry_run: bool
    no_rollback: bool
    deadline: float | None
    fewer_platforms: bool


def refuse_reserved(tags: Sequence[str]) -> None:
    """Refuse tags that are kept for something else than images.

    Raises:
        ReservedTagNamedError: one of them is.
    """
    from polyarch.metadata.tagname import why_reserved

    for tag in tags:
        if reason := why_reserved(tag):
            raise ReservedTagNamedError(tag, reason)


def masked_why(why: str, surroundings: Surroundings, project: Project | None) -> str:
    """The reason that was given, without secrets: it is for everybody who can pull."""
    variables = project.secret_variables if project else ()
    return Mask(secrets_in(surroundings.environment, variables))(why.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One call of one of these verbs; `project` None outside one."""

    verb: str
    invocation: Invocation
    project: Project | None
    environment: str | None

    def do(self, said: Said, work: "Work") -> int:
        """Act, keep a record of it, and tell what came of it; gives the exit code.

        Raises:
            PullRequestActError: it runs for a pull request.
        """
        from polyarch.cli.move_view import document, tell
        from polyarch.pipeline.reach import Reach

        surroundings, project = self.invocation.surroundings, self.project
        root = project.root if project else None
        event = self.check()
        why = masked_why(said["why"], surroundings, project)
        with recorded(
            self.verb,
            surroundings,
            project=project,
            name=root.name if root else "",
            started_by=event,
            environment=self.environment,
            stays=said["dry_run"],
            why=why,
        ) as log:
            with self.invocation.progress() as listen:
                world = self.invocation.world(log.hearing(listen), root=root, now=None)
                result = work(self._terms(said, why), Reach(project, world), world, event)
            result = replace(result, why=world.mask(why))  # with the logins that it has looked up
            log.about = replace(log.about, why=result.why)
            log.result(document(result), code_of(result), result.reason)
        tell(result, self.invocation)
        return code_of(result)

    def check(self) -> CiEvent:
        """See that whoever runs this may move tags; gives the event, which says who it is.

        Raises:
            PullRequestActError: it runs for a pull request.
        """
        surroundings = self.invocation.surroundings
        root = self.project.root if self.project else surroundings.folder
        event = event_of(EventOptions(), surroundings, root)
        if event.is_pull_request:
            raise PullRequestActError(self.verb)
        return event

    def _terms(self, said: Said, why: str) -> "Terms":
        from polyarch.pipeline.moving.act import Terms
        from polyarch.transaction.values import OnRegistryFailure

        configured = self.project.publish.on_registry_failure if self.project else "abort"
        return Terms(
            on_failure=OnRegistryFailure(said["on_registry_failure"] or configured),
            rollback=not said["no_rollback"],
            deadline_s=said["deadline"],
            fewer=said["fewer_platforms"],
            dry_run=said["dry_run"],
            why=why,
        )
