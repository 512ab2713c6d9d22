"""Logins of a workflow as polyarch.toml names them: variables, never values."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from polyarch.ci.expressions import fill
from polyarch.ci.importing.calls import BUILDER
from polyarch.ci.importing.play import Played
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.yaml import read_yaml
from polyarch.errors import YamlError

ACTIONS = ("docker/login-action", "redhat-actions/podman-login")
_ELSEWHERE = ("aws-actions/amazon-ecr-login", "google-github-actions/auth", "azure/docker-login")
_NAMED = re.compile(r"\$\{\{\s*(?:secrets|vars|env)\.([A-Za-z_]\w*)\s*\}\}")
_TOKEN = re.compile(r"\$\{\{\s*(?:secrets\.GITHUB_TOKEN|github\.token)\s*\}\}", re.IGNORECASE)
_RUNNERS_OWN = {
    "github.actor": "GITHUB_ACTOR",
    "github.repository_owner": "GITHUB_REPOSITORY_OWNER",
}
_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One login; `user` and `password` are variables, empty where none can be named.

    `written_user` is as the file has it. `truth` is that of its conditions.
    """

    registry: str
    user: str
    password: str
    written_user: str
    is_token: bool
    line: int
    played: Played

    @property
    def truth(self) -> bool | None:
        """Whether it comes to run."""
        return self.played.truth


def logins_in(plays: Sequence[Played]) -> tuple[Login, ...]:
    """All logins, in the file's order; a registry may have several."""
    found: list[Login] = []
    for played in plays:
        if played.leg_number:
            continue
        if played.step.uses in ACTIONS:
            inputs = {key: played.step.input(key) for key in played.step.inputs}
            found.append(_login(played, inputs, played.step.line))
        elif played.step.uses.startswith(BUILDER):
            found += _of_builder(played)
    return tuple(found)


def other_logins(plays: Sequence[Played]) -> Iterator[Told]:
    """Logins by other means."""
    for played in plays:
        if played.step.uses in _ELSEWHERE and not played.leg_number:
            yield Told(
                kind=Kind.LEFT,
                line=played.step.line,
                what=f"uses: {played.step.uses}",
                why="it fetches a login that polyarch.toml has no variable for",
                todo="keep the step before `polyarch publish`: what it leaves in Docker's config is"
                " used",
            )


def tables_of(logins: Sequence[Login]) -> tuple[Mapping[str, Mapping[str, str]], tuple[Told, ...]]:
    """`[registries]`: what names which variable, and what is told of it."""
    tables: dict[str, dict[str, str]] = {}
    told: list[Told] = []
    for login in logins:
        if "${{" in login.registry:
            told.append(
                _left(login, f"registry: {login.registry}", "only a run can tell the registry")
            )
            continue
        table = tables.setdefault(login.registry, {})
        if login.user:
            table.setdefault("username-env", login.user)
        elif "username-env" not in table:
            told.append(
                _left(
                    login,
                    f"username: {login.written_user}",
                    "a user's name is taken from a variable",
                    "set the variable that `polyarch doctor` names for this registry to it",
                )
            )
        if login.password:
            table.setdefault("password-env", login.password)
    return {host: table for host, table in tables.items() if table}, tuple(told)


def _left(login: Login, what: str, why: str, todo: str = "add `[registries]` yourself") -> Told:
    return Told(kind=Kind.LEFT, line=login.line, what=what, why=why, todo=todo)


def _of_builder(played: Played) -> Iterator[Login]:
    """The secret `registry-auths` of Docker's own workflow: a list in YAML."""
    secrets = played.job.secrets
    tree = secrets.get("registry-auths") if secrets else None
    if tree is None or not tree.text:
        return
    try:
        listed = read_yaml(tree.text.encode(), "registry-auths")
    except YamlError:
        return
    for item in listed.items or ():
        inputs = {key: each.text or "" for key, each in (item.table or {}).items()}
        yield _login(played, inputs, tree.line)


def _login(played: Played, inputs: Mapping[str, str], line: int) -> Login:
    registry = fill(inputs.get("registry", ""), played.contexts).text.strip()
    registry = re.sub(r"^https?://", "", registry).rstrip("/").lower() if registry else "docker.io"
    user, password = inputs.get("username", ""), inputs.get("password", "")
    return Login(
        registry="docker.io" if registry.partition("/")[0] in _HUB else registry,
        user=_variable(user),
        password="GITHUB_TOKEN" if _TOKEN.fullmatch(password.strip()) else _variable(password),
        written_user=fill(user, played.contexts).text,
        is_token=bool(_TOKEN.fullmatch(password.strip())),
        line=line,
        played=played,
    )


def _variable(written: str) -> str:
    """The variable that a value may come from; empty for what stands there itself."""
    text = written.strip()
    if found := _NAMED.fullmatch(text):
        return found[1]
    return _RUNNERS_OWN.get(text.removeprefix("${{").removesuffix("}}").strip(), "")
