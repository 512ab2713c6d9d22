"""What is known of the project's repository beside its commits: the facts that labels carry."""

from dataclasses import dataclass

from polyarch.host.ci_event import CiEvent
from polyarch.host.git import GitFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryFacts:
    """All may be empty: a missing fact gives an empty label, never a failure.

    `default_branch` is the one that the forge's API tells, not the event's.
    """

    name: str = ""
    description: str = ""
    html_url: str = ""
    default_branch: str = ""
    license: str = ""


def known_repository(event: CiEvent, git: GitFacts | None) -> RepositoryFacts:
    """What the event and git know without asking anybody."""
    url = event.text("repository", "html_url") or (git.remote if git else None) or ""
    full_name = event.repository or event.text("repository", "full_name") or ""
    folder = git.root.name if git else ""
    return RepositoryFacts(
        name=event.text("repository", "name") or full_name.rpartition("/")[2] or folder,
        description=event.text("repository", "description") or "",
        html_url=url,
        default_branch=event.default_branch or (git.default_branch if git else None) or "",
        license=event.text("repository", "license", "spdx_id") or "",
    )
