"""Lets the record of a run outlive this machine: `[runs] store` names the repository that takes it.

It is done when the run is over, and changes nothing of how it ended.
"""

import sys
from contextlib import suppress

from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import Invocation
from polyarch.cli.text import one_line
from polyarch.config.project import Project
from polyarch.errors import PolyarchError
from polyarch.events import Event, Warned
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.event_forms import LOCAL
from polyarch.runs.folder import RunFolder

WITHIN_S = 60.0
HURRIED_S = 4.0
"""After an interrupt: a CI that cancels a job ends what is left of it soon."""


def keep_elsewhere(
    run: RunFolder, project: Project, surroundings: Surroundings, *, hurried: bool
) -> None:
    """Store the record, if the project says where; what goes wrong is a warning."""
    if project.runs.repository is None:
        return
    try:
        _push(run, project, surroundings, within_s=HURRIED_S if hurried else WITHIN_S)
    except PolyarchError as error:
        _warn(f"the record of this run could not be stored: {error.message}")
    except TimeoutError:
        _warn("the record of this run could not be stored: it took too long")
    except KeyboardInterrupt:
        _warn("the record of this run may not be stored: it was interrupted")
    except Exception as error:  # noqa: BLE001 - a run that went well stays one
        bug = type(error).__name__
        _warn(f"the record of this run could not be stored: a bug in polyarch: {bug}")


def write_tags(run: RunFolder) -> None:
    """Write down which tags moved from what to what: a record that travels has no journal."""
    from polyarch.content.files import write_bytes
    from polyarch.pipeline.history import standing_before
    from polyarch.runs.history import folder_documents, tags_document
    from polyarch.runs.reading import TAGS

    if before := standing_before(run.path):
        raw = tags_document(folder_documents(run.path), before)
        write_bytes(run.path / TAGS, raw, mode=0o600)


def leaves(caller: CiEvent, *, trial: bool) -> bool:
    """Whether the record of a run may leave this machine.

    A pull request has no login and writes nowhere. A `trial` is a run that is about an event, and
    not about what a person copies: one that nobody's push or schedule has started stays here.
    """
    if caller.is_pull_request:
        return False
    made_up = caller.simulated or (caller.provider is Provider.LOCAL and caller.name == LOCAL)
    return not (trial and made_up)


def _push(run: RunFolder, project: Project, surroundings: Surroundings, *, within_s: float) -> None:
    from polyarch.pipeline.reach import Reach
    from polyarch.pipeline.run_store import RunStore
    from polyarch.runs.history import folder_documents

    if project.runs.repository is None:
        return
    documents = folder_documents(run.path)
    world = Invocation(surroundings=surroundings).world(_hear, root=project.root, now=None)
    with Reach(project, world).blocking() as registries:
        store = RunStore(project.runs.repository, registries)
        store.push(documents, run.id, within_s=within_s)


def _hear(event: Event) -> None:
    if isinstance(event, Warned):
        _warn(event.text)


def _warn(words: str) -> None:
    with suppress(OSError, ValueError):  # a terminal that has gone must not end the run
        print(f"warning: {one_line(words)}", file=sys.stderr)
