"""Which event a command line is for: simulated, the checked-out tree, or what the CI says."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from polyarch.cli.environment import Surroundings
from polyarch.errors import LocalPublishRefusedError, UsageError
from polyarch.host.ci import detect
from polyarch.host.ci_event import CiEvent, Provider, printable
from polyarch.host.git import read_git
from polyarch.host.local import local_as_event, simulated


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOptions:
    """What the options of the command line say of the event."""

    name: str | None = None
    ref: str | None = None
    sha: str | None = None
    now: datetime | None = None
    allow_local: bool = False


def is_pull_request(surroundings: Surroundings, root: Path) -> bool:
    """Whether the CI runs this for a pull request, which gets no login.

    Raises:
        EventFileError: the CI's event file is broken.
    """
    return event_of(EventOptions(), surroundings, root).is_pull_request


def event_of(options: EventOptions, surroundings: Surroundings, root: Path) -> CiEvent:
    """The event to plan for.

    Raises:
        InvalidEventError, LocalPublishRefusedError: the options ask for what cannot be.
        EventFileError: the CI's event file is broken.
    """
    event = _event_of(options, surroundings, root)
    if event.provider is Provider.LOCAL and not event.actor:
        return replace(event, actor=printable(surroundings.user))
    return event


def _event_of(options: EventOptions, surroundings: Surroundings, root: Path) -> CiEvent:
    git = read_git(root, surroundings.environment)
    if options.name is not None:
        return simulated(options.name, options.ref, options.sha, git)
    if options.ref is not None or options.sha is not None:
        raise UsageError(
            "`--ref` and `--sha` belong to an event",
            where="the command line",
            hint="add `--event push`, or what else happened",
        )
    found = detect(surroundings.environment, git)
    if not options.allow_local:
        return found
    if found.is_pull_request:
        raise LocalPublishRefusedError(
            "this job is a pull request's, which never publishes",
            where="the CI's event",
            hint="leave `--allow-local` out: the run builds and proves",
        )
    return local_as_event(git)
