"""What the CI's own API knows of the repository: description, licence, default branch.

Sources: docs.github.com, REST, "Get a repository" and "Get a commit"; docs.gitea.com, API,
`repoGet` and `repoGetSingleCommit`; docs.gitlab.com, "Projects API". What an API says takes the
place of what event and git say, as docker/metadata-action has it. It is never a condition: without
an answer there is a warning, and what is known already.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, urlsplit

from polyarch.errors import CallFailedError, UnsupportedProxyError
from polyarch.host.ci_event import CiEvent, Provider, printable
from polyarch.host.git import GitFacts
from polyarch.host.moment import read_time
from polyarch.host.repository import RepositoryFacts, known_repository
from polyarch.net.calls import get_json
from polyarch.net.proxy import ProxyRules

_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
_COMMITS: Mapping[Provider, str] = {
    Provider.GITHUB: "commits",
    Provider.GITEA: "git/commits",
    Provider.FORGEJO: "git/commits",
}
"""Where the commits of a repository are, by whose API it is."""

_REPOSITORY_S, _COMMIT_S = 4.0, 2.0
"""How long each question may take: a run waits for both at most."""

_SPDX: Mapping[str, str] = {
    "other": "",  # what GitLab could not tell
    "mit": "MIT",
    "apache-2.0": "Apache-2.0",
    "gpl-2.0": "GPL-2.0",
    "gpl-3.0": "GPL-3.0",
    "lgpl-2.1": "LGPL-2.1",
    "lgpl-3.0": "LGPL-3.0",
    "agpl-3.0": "AGPL-3.0",
    "mpl-2.0": "MPL-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "isc": "ISC",
    "unlicense": "Unlicense",
}
"""GitLab writes the SPDX identifiers of the usual licences in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeAnswer:
    """`commit_time` is that of the event's commit, None where nobody knows it."""

    repository: RepositoryFacts
    commit_time: datetime | None
    warnings: tuple[str, ...] = ()


def ask_forge(
    event: CiEvent, git: GitFacts | None, environment: Mapping[str, str], *, token: str = ""
) -> ForgeAnswer:
    """All that is known of the repository and the commit's time; never raises for an API.

    Without `token` the CI's own variable counts. Nobody is asked where no CI with an API tells of
    its address.
    """
    known = ForgeAnswer(repository=known_repository(event, git), commit_time=event.commit_time)
    try:
        proxies = ProxyRules.from_environment(environment)
        if event.provider is Provider.GITLAB:
            return _gitlab(known, environment, proxies)
        if event.provider in _COMMITS:
            return _github(known, event, environment, proxies, token)
    except (CallFailedError, UnsupportedProxyError) as error:
        warning = f"the repository's facts come from the event and git alone: {error.message}"
        return replace(known, warnings=(warning,))
    return known


def _github(
    known: ForgeAnswer,
    event: CiEvent,
    environment: Mapping[str, str],
    proxies: ProxyRules,
    token: str,
) -> ForgeAnswer:
    base = environment.get("GITHUB_API_URL", "").rstrip("/")
    if not (base and event.repository):
        return known
    token = token or next(filter(None, (environment.get(name) for name in _TOKENS)), "")
    token = token.strip()  # secrets that were pasted end with a new line
    headers = {"Accept": "application/json", "User-Agent": "polyarch"}
    if token:
        headers["Authorization"] = f"token {token}"
    place = f"{base}/repos/{quote(event.repository)}"
    found = _described(get_json(place, headers, proxies, timeout_s=_REPOSITORY_S), base)
    repository = RepositoryFacts(
        name=_text(found, "name"),
        description=_text(found, "description"),
        html_url=_text(found, "html_url"),
        default_branch=_text(found, "default_branch"),
        license=_license(found),
    )
    time = event.commit_time
    if time is None and event.sha:
        time = _commit_time(
            f"{place}/{_COMMITS[event.provider]}/{quote(event.sha)}", headers, proxies
        )
    return ForgeAnswer(repository=repository, commit_time=time)


def _commit_time(url: str, headers: Mapping[str, str], proxies: ProxyRules) -> datetime | None:
    try:
        found = _object(get_json(url, headers, proxies, timeout_s=_COMMIT_S))
    except CallFailedError:  # the reference goes on without a word, too
        return None
    committer = _object(_object(found.get("commit")).get("committer"))
    return read_time(committer.get("date"))


def _license(found: Mapping[str, object]) -> str:
    several = found.get("licenses")  # Gitea's
    if isinstance(several, list) and several and isinstance(several[0], str):
        return printable(several[0])
    return _text(_object(found.get("license")), "spdx_id")


def _gitlab(known: ForgeAnswer, environment: Mapping[str, str], proxies: ProxyRules) -> ForgeAnswer:
    """The licence alone: all the rest stands in variables; a job's own token may not ask for it."""
    base, project = environment.get("CI_API_V4_URL", ""), environment.get("CI_PROJECT_ID", "")
    token = environment.get("GITLAB_TOKEN", "").strip()
    if not (base and project and (token or environment.get("CI_PROJECT_VISIBILITY") == "public")):
        return known
    headers = {"User-Agent": "polyarch"} | ({"PRIVATE-TOKEN": token} if token else {})
    url = f"{base.rstrip('/')}/projects/{quote(printable(project), safe='')}?license=true"
    found = _described(get_json(url, headers, proxies, timeout_s=_REPOSITORY_S), base)
    key = _text(_object(found.get("license")), "key")
    return replace(known, repository=replace(known.repository, license=_SPDX.get(key, key)))


def _described(value: object, base: str) -> Mapping[str, object]:
    """An answer that is about a repository; anything else must not wipe out what is known."""
    found = _object(value)
    if not _text(found, "name"):
        raise CallFailedError(urlsplit(base).hostname or "", "its answer describes no repository")
    return found


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(found: Mapping[str, object], key: str) -> str:
    value = found.get(key)
    return printable(value) if isinstance(value, str) else ""
