"""What is known of the repository and the commit before anything is planned."""

from collections.abc import Mapping

from polyarch.host.ci_event import CiEvent
from polyarch.host.forge import ForgeAnswer, ask_forge
from polyarch.host.git import GitFacts
from polyarch.host.repository import known_repository


def known_facts(
    event: CiEvent,
    git: GitFacts | None,
    environment: Mapping[str, str],
    *,
    token: str = "",
    offline: bool = False,
) -> ForgeAnswer:
    """What the CI's API, the event and git say; nobody is asked for an event that was made up."""
    if offline or event.simulated:
        return ForgeAnswer(repository=known_repository(event, git), commit_time=event.commit_time)
    return ask_forge(event, git, environment, token=token)
