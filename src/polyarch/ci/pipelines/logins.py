"""Which variables a pipeline's jobs need: logins of registries, secrets of builds, addresses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from polyarch.config.project import ImageSettings, Project
from polyarch.config.registries import RegistrySettings
from polyarch.oci.reference import Repository
from polyarch.registry.credential import default_variables


class Origin(Enum):
    """Where the value of a variable comes from."""

    SECRET = auto()
    """A secret that people create."""
    PLAIN = auto()
    """A variable that people create; it is no secret, and need not be hidden in logs."""
    JOB_TOKEN = auto()
    """The job's own token, for the CI's own registry; a secret of the same name goes before it."""
    JOB_USER = auto()
    """The name that goes with the job's own token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of a job; `purpose` says in words what it is for.

    `stored` is what people create, empty where that has the same name.
    """

    name: str
    origin: Origin
    purpose: str
    stored: str = ""

    @property
    def created(self) -> str:
        """The name of what people create."""
        return self.stored or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a CI brings along: the host of its own registry, and variables.

    Names that begin with one of `given` are those that it sets itself, and lets nobody else set.
    `scoped`: one name may have another value for each of its environments.
    """

    registry: str
    given: tuple[str, ...]
    scoped: bool = False

    def gives(self, name: str) -> bool:
        """Whether the CI sets a variable itself; GitHub's token has to be asked for."""
        return name.startswith(self.given) and name != JOB_TOKEN


JOB_TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
PULL = "PULL_"
"""Begins the names of logins that may only read."""

GITHUB = Home(registry="ghcr.io", given=("GITHUB_", "RUNNER_"))
GITLAB = Home(registry="registry.gitlab.com", given=("CI_", "GITLAB_"), scoped=True)


def login_of(settings: RegistrySettings, home: Home) -> tuple[Variable, ...]:
    """The variables of one registry's login."""
    user, password = default_variables(settings.host)
    is_own = settings.host == home.registry
    purpose = f"login of {settings.host}"
    names = [(settings.username_env or user, Origin.JOB_USER if is_own else Origin.PLAIN)]
    if not (settings.password_command or settings.password_file):
        origin = Origin.JOB_TOKEN if is_own else Origin.SECRET
        names.append((settings.password_env or password, origin))
    return tuple(
        Variable(name=name, origin=origin, purpose=purpose)
        for name, origin in names
        if not home.gives(name)
    )


def published_to(project: Project) -> frozenset[str]:
    """The hosts of all registries that images go to."""
    return frozenset(
        each.registry for image in project.images.values() for each in image.repositories
    )


def destinations(project: Project, home: Home) -> tuple[Variable, ...]:
    """The logins of every repository that is published to."""
    found = (repository for image in project.images.values() for repository in image.repositories)
    return logins(project, found, home)


def bases(project: Project, home: Home, elsewhere: frozenset[str]) -> tuple[Variable, ...]:
    """The logins of registries that the file knows and publishes nothing to: bases come from them.

    Those of the CI's own registry are not among them: its jobs have a token. `elsewhere` are the
    registries that other environments of the file publish to: a rehearsal builds what nobody has
    looked at, and may not hold what production is published with.
    """
    known = {home.registry, *published_to(project), *elsewhere}
    others = (each for each in project.registries.hosts() if each.host not in known)
    return unique(name for each in others if _names_login(each) for name in login_of(each, home))


def logins(
    project: Project, repositories: Iterator[Repository], home: Home
) -> tuple[Variable, ...]:
    """The logins of some repositories, each variable once."""
    return unique(
        name
        for repository in dict.fromkeys(repositories)
        for name in login_of(project.registries.of(repository), home)
    )


def watching(project: Project, recording: tuple[Variable, ...], home: Home) -> tuple[Variable, ...]:
    """Logins that read what is published, and those of `recording`, which have to write records.

    People create others than those that publish, with names of their own where the CI shows a
    variable to every job. The CI's own token is limited by what the job may do.
    """
    writing = {each.name: each for each in recording}
    own = {Origin.JOB_TOKEN, Origin.JOB_USER}
    reading = (
        each
        if each.origin in own or home.scoped
        else replace(each, stored=PULL + each.name, purpose=f"{each.purpose}, to pull and no more")
        for each in destinations(project, home)
    )
    return unique(iter((*recording, *(each for each in reading if each.name not in writing))))


def build_secrets(images: Mapping[str, ImageSettings], home: Home) -> tuple[Variable, ...]:
    """The variables that builds read by `secrets = ["id=…,env=NAME"]`."""
    return unique(
        Variable(name=name, origin=Origin.SECRET, purpose=f"secret of {image.name}'s build")
        for image in images.values()
        for settings in (image, *image.per_platform.values())
        for text in settings.secrets
        if (name := _variable_of(text)) and not home.gives(name)
    )


def notices(project: Project) -> tuple[Variable, ...]:
    """The variables that say who is told; the second signs."""
    names = (project.notify.urls_env, project.notify.secret_env)
    return tuple(
        Variable(name=name, origin=Origin.SECRET, purpose="who is told") for name in names if name
    )


def unique(variables: Iterator[Variable]) -> tuple[Variable, ...]:
    """Each name once; the first purpose stays."""
    found: dict[str, Variable] = {}
    for variable in variables:
        found.setdefault(variable.name, variable)
    return tuple(found.values())


def _names_login(settings: RegistrySettings) -> bool:
    return bool(settings.username_env or settings.password_env)


def _variable_of(secret: str) -> str:
    """The variable of a build secret in BuildKit's form; empty where it is a file."""
    fields = dict(part.partition("=")[::2] for part in secret.split(","))
    return fields.get("env", "")
