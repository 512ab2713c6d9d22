"""Where `polyarch runs` finds records: the folder of this machine, and the project's store."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from polyarch.cli.environment import Surroundings
from polyarch.cli.event import is_pull_request
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import find_project
from polyarch.config.project import Project
from polyarch.errors import NoRunStoreError, PolyarchError
from polyarch.events import Listener
from polyarch.runs.folder import state_folder
from polyarch.runs.history import LAST, find_run, list_runs, read_record
from polyarch.runs.run import Run, RunRecord

if TYPE_CHECKING:
    from polyarch.pipeline.run_store import RunStore
    from polyarch.pipeline.run_who import Known
    from polyarch.registry.blocking import BlockingRegistries

MOST_STORED = 200
"""Records of a store that are looked at: each is two requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records that a command line is about; `project` is None outside one."""

    surroundings: Surroundings
    project: Project | None

    @classmethod
    def find(
        cls, surroundings: Surroundings, config_file: Path | None, environment: str | None
    ) -> "Records":
        """Those of the project that was named, else of the nearest, else of the user."""
        project = find_project(surroundings, config_file, environment)
        return cls(surroundings=surroundings, project=project)

    @property
    def folder(self) -> Path:
        """The folder of runs of this machine."""
        root = self.project.root if self.project else None
        return state_folder(root, self.surroundings.state_home) / "runs"

    @property
    def environment(self) -> str:
        """The environment that was chosen, as records have it: nothing for production."""
        return (self.project.environment if self.project else None) or ""

    def here(self) -> tuple[Run, ...]:
        """The runs of this machine, newest first."""
        return list_runs(self.folder)

    @contextmanager
    def registries(self, listen: Listener) -> "Iterator[BlockingRegistries]":
        """The registries, as the project reaches them."""
        from polyarch.pipeline.reach import Reach

        root = self.project.root if self.project else None
        world = Invocation(surroundings=self.surroundings).world(listen, root=root, now=None)
        anonymous = is_pull_request(self.surroundings, root or self.surroundings.folder)
        with Reach(self.project, world, anonymous=anonymous).blocking() as registries:
            yield registries

    def store(self, registries: "BlockingRegistries") -> "RunStore":
        """The store.

        Raises:
            NoRunStoreError: the project names none.
        """
        from polyarch.pipeline.run_store import RunStore

        if self.project is None or self.project.runs.repository is None:
            where = str(self.project.file) if self.project else str(self.surroundings.folder)
            in_ci = self.project is not None and self.project.runs.in_ci
            raise NoRunStoreError(where, in_ci=in_ci)
        return RunStore(self.project.runs.repository, registries)

    @property
    def has_store(self) -> bool:
        """Whether the project names a store."""
        return self.project is not None and self.project.runs.repository is not None

    def listed(self, listen: Listener, *, stored: bool) -> tuple[Run, ...]:
        """The runs of this machine, or those of the store."""
        if not stored:
            return self.here()
        with self.registries(listen) as registries:
            return tuple(each.run for each in self.store(registries).list(MOST_STORED))

    def records(self, listen: Listener, wanted: str, *, stored: bool) -> tuple[RunRecord, ...]:
        """The record of a run, and behind it those of the other jobs of its CI run.

        Raises:
            RunNotFoundError, SeveralRunsError: it is not there, or not said clearly.
        """
        from polyarch.pipeline.history import standing_before
        from polyarch.pipeline.run_listing import joined

        if not stored:
            runs = self.here()
            found = joined(find_run(runs, wanted, str(self.folder)), runs)
            return tuple(read_record(run, standing_before) for run in found)
        with self.registries(listen) as registries:
            store = self.store(registries)
            listed = {each.run.id: each for each in store.list(MOST_STORED)}
            runs = tuple(each.run for each in listed.values())
            found = joined(find_run(runs, wanted, str(store.repository)), runs)
            return tuple(store.record(listed[run.id]) for run in found)

    def known_stored(self, registries: "BlockingRegistries") -> "Iterable[Known]":
        """What the records of the store say of tags, newest first."""
        from polyarch.pipeline.run_who import Known

        for each in self.store(registries).list(MOST_STORED):
            yield Known(run=each.run, moves=each.moves)


def complete_runs(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """`last`, and the ids of the runs of this machine; none where the project cannot be read."""
    try:
        runs = Records.find(Surroundings.read(), None, None).here()
    except PolyarchError:
        return []
    names = [LAST, *(run.id for run in runs)]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
