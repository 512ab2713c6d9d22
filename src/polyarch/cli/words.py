"""The words that plan, build and publish have in common, as one value."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import open_project
from polyarch.cli.recorded import RunLog, recorded
from polyarch.config.project import Project
from polyarch.config.resolve import Override
from polyarch.errors import EmptyOptionError
from polyarch.host.ci_event import CiEvent
from polyarch.pipeline.world import Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What was said on the command line; each field is the parameter of an option."""

    images: tuple[str, ...]
    platforms: tuple[str, ...]
    changed_since: str | None
    with_dependencies: bool
    event_name: str | None
    ref: str | None
    sha: str | None
    now: datetime | None
    config_file: Path | None
    environment: str | None
    as_json: bool
    quiet: bool

    def invocation(self, surroundings: Surroundings) -> Invocation:
        """How this call shows progress and prints its result."""
        return Invocation(surroundings=surroundings, as_json=self.as_json, quiet=self.quiet)

    def project(self, surroundings: Surroundings, overrides: Sequence[Override] = ()) -> Project:
        """The project that was named, else the nearest one."""
        return open_project(surroundings, self.config_file, self.environment, overrides)

    def event(
        self, surroundings: Surroundings, project: Project, *, allow_local: bool = False
    ) -> CiEvent:
        """The event to plan for."""
        chosen = EventOptions(
            name=self.event_name, ref=self.ref, sha=self.sha, allow_local=allow_local
        )
        return event_of(chosen, surroundings, project.root)

    def recorded(
        self,
        verb: str,
        surroundings: Surroundings,
        project: Project,
        event: CiEvent,
        *,
        sandbox: bool,
        stays: bool = False,
    ) -> AbstractContextManager[RunLog]:
        """Keep what becomes of this call in the folder of its run."""
        name = event.repository or project.root.name
        return recorded(
            verb,
            surroundings,
            project=project,
            name=name,
            event=event,
            environment=self.environment,
            sandbox=sandbox,
            stays=stays,
        )

    def ask(self, **more: Any) -> Ask:
        """What is asked for, and what only one verb can ask."""
        return Ask(
            selectors=self.images,
            platforms=tuple(self._platforms()),
            changed_since=self.changed_since,
            with_dependencies=self.with_dependencies,
            **more,
        )

    def _platforms(self) -> Iterator[str]:
        for text in self.platforms:
            parts = [part.strip() for part in text.split(",") if part.strip()]
            if not parts:  # as if there were no option, and every platform were meant
                raise EmptyOptionError("--platform")
            yield from parts


def with_words(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command all these options, and hand them to it as one `Words`."""

    @functools.wraps(command)
    def collected(surroundings: Surroundings, **given: Any) -> Any:
        words = Words(**{field.name: given.pop(field.name) for field in fields(Words)})
        return command(surroundings, words, **given)

    decorated: Callable[..., Any] = collected
    for option in (
        options.output,
        options.project,
        options.event,
        options.selection,
        options.images,
    ):
        decorated = option(decorated)
    return decorated
