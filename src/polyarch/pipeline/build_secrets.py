"""What a build is given and nobody may keep: secrets, by the places of their values, and keys.

A pull request is given none of them: it controls the file that names the places, and the build that
could print what lies there.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarch.config.keypath import show_path
from polyarch.config.project import BuildSettings, Project
from polyarch.engines.base import BuildSecret
from polyarch.errors import BuildSecretError
from polyarch.events import Warned
from polyarch.host.ci_event import CiEvent
from polyarch.host.mask import Mask
from polyarch.oci.platform import Platform
from polyarch.pipeline.world import World

MAX_BYTES = 500 * 1024
"""BuildKit takes no larger ones (moby/buildkit session/secrets, MaxSecretSize)."""

_AGENT = "SSH_AUTH_SOCK"
_SHORTEST_WORD = 16
"""A word of a file, as the token in an `.npmrc`, that may be a secret alone."""


def secret_names(settings: BuildSettings, event: CiEvent) -> tuple[str, ...]:
    """The ids of the secrets that a build gets, sorted: all of them that an input key may hold."""
    return tuple(sorted(_parts(text)["id"] for text in _given(settings.secrets, event)))


def key_names(settings: BuildSettings, event: CiEvent) -> tuple[str, ...]:
    """The ids of the SSH agents and keys that a build gets, sorted."""
    return tuple(sorted(text.partition("=")[0] for text in _given(settings.ssh, event)))


def variables_of(project: Project) -> tuple[str, ...]:
    """The variables whose values are build secrets, of any image and platform."""
    builds = (each for image in project.images.values() for each in image.per_platform.values())
    named = (_parts(text).get("env", "") for build in builds for text in build.secrets)
    return tuple(dict.fromkeys(filter(None, named)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKeeper:
    """Finds what builds are given, and lets nobody say it back."""

    project: Project
    event: CiEvent
    world: World

    def check(self, image: str, platform: Platform) -> None:
        """See that a build can be given all that it is to get; say so where it gets nothing.

        Raises:
            BuildSecretError: as `secrets` and `keys` say.
        """
        settings = self.project.images[image].for_platform(platform)
        self.secrets(image, settings)
        self.keys(image, settings)
        if self.event.is_pull_request and (settings.secrets or settings.ssh):
            names = (f"`{_parts(text)['id']}`" for text in settings.secrets)
            keys = (f"`{text.partition('=')[0]}`" for text in settings.ssh)
            text = f"pull requests get neither secrets nor SSH agents: `{image}` for `{platform}`"
            self.world.listen(Warned(text=f"{text} is built without {', '.join((*names, *keys))}"))

    def secrets(self, image: str, settings: BuildSettings) -> tuple[BuildSecret, ...]:
        """The secrets of one build; their values are hidden from here on in what others say.

        Raises:
            BuildSecretError: a variable is not set, or a file cannot be read.
        """
        given = _given(settings.secrets, self.event)
        return tuple(self._secret(image, settings, _parts(text)) for text in given)

    def keys(self, image: str, settings: BuildSettings) -> tuple[str, ...]:
        """SSH agents and keys in BuildKit's form, paths absolute.

        Raises:
            BuildSecretError: there is no agent, or a key's file is not there.
        """
        given = _given(settings.ssh, self.event)
        return tuple(self._key(image, settings, text) for text in given)

    def _secret(self, image: str, settings: BuildSettings, parts: Mapping[str, str]) -> BuildSecret:
        if variable := parts.get("env", ""):
            problem = _variable_problem(variable, self.world, self.project.secret_variables)
            if problem:
                raise BuildSecretError(
                    image,
                    f"the build secret `{parts['id']}`",
                    problem,
                    where=_place(settings, "secrets"),
                    hint="set it where polyarch runs (in CI: pass it from the CI's secrets to this"
                    " job), or take it out of `secrets`",
                )
            _hide(self.world.mask, self.world.environment[variable])
            return BuildSecret(id=parts["id"], variable=variable)
        path = self._path(parts["src"])
        try:
            _hide_file(self.world.mask, path)
        except OSError as error:
            raise BuildSecretError(
                image,
                f"the build secret `{parts['id']}`",
                f"its file cannot be read: {error.strerror or error}",
                where=f"{_place(settings, 'secrets')}: `{parts['src']}`",
                hint="`src` counts from the project's root; write the file before the build",
            ) from error
        return BuildSecret(id=parts["id"], file=path)

    def _key(self, image: str, settings: BuildSettings, text: str) -> str:
        name, _, place = text.partition("=")
        problem = ""
        if not place:
            if not self.world.environment.get(_AGENT):
                problem = f"no agent runs: `{_AGENT}` is not set"
        elif "," in str(self._path(place)):
            problem = "its path has a comma, at which engines split it"
        elif not self._path(place).exists():
            problem = "it does not exist"
        if problem:
            raise BuildSecretError(
                image,
                f"the SSH key `{text}`",
                problem,
                where=_place(settings, "ssh"),
                hint='start one (`eval "$(ssh-agent)"; ssh-add`), or name a socket or a key file:'
                " `default=~/.ssh/id_ed25519`",
            )
        return f"{name}={self._path(place)}" if place else name

    def _path(self, text: str) -> Path:
        if text == "~" or text.startswith("~/"):
            return self.world.home / text[2:]
        return (self.project.root / text).absolute()


def _given(texts: tuple[str, ...], event: CiEvent) -> tuple[str, ...]:
    return () if event.is_pull_request else texts


def _parts(text: str) -> dict[str, str]:
    """`id=npm,env=NPM_TOKEN` by its keys; the config has seen to the form."""
    pairs = (part.partition("=") for part in text.split(","))
    return {key: value for key, _, value in pairs}


def _variable_problem(name: str, world: World, logins: Collection[str]) -> str:
    if name in logins:
        held = "the login of a registry or addresses of notices"
        return f"`{name}` holds {held}, which builds never see"
    # A CI passes a secret that it does not have as an empty variable.
    return "" if world.environment.get(name) else f"`{name}` is not set, or empty"


def _place(settings: BuildSettings, key: str) -> str:
    value = next(each for each in settings.values if each.path == (key,))
    source = value.sources[-1]
    return f"{source}, {show_path(source.path)}" if source.path else str(source)


def _hide(mask: Mask, value: str) -> None:
    mask.learn(value, value.strip())


def _hide_file(mask: Mask, path: Path) -> None:
    with path.open("rb") as file:
        text = file.read(MAX_BYTES).decode("utf-8", "surrogateescape")
    _hide(mask, text)
    mask.learn(*_words(text))


def _words(text: str) -> Iterator[str]:
    """Parts of a file that look made up: long, with letters and digits in one."""
    for word in text.replace("=", " ").replace(":", " ").replace('"', " ").split():
        kinds = (any(map(str.isalpha, word)), any(map(str.isdigit, word)))
        if len(word) >= _SHORTEST_WORD and all(kinds):
            yield word
