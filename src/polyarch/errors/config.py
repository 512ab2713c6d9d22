"""polyarch.toml, and what it names."""

from collections.abc import Sequence

from polyarch.errors.base import PolyarchError, shorten


class ConfigError(PolyarchError):
    """polyarch.toml, or something that it names, is wrong."""

    code = "config"


class ConfigNotFoundError(ConfigError):
    """No polyarch.toml here or above."""

    code = "config-not-found"

    def __init__(self, start: str) -> None:
        super().__init__(
            "there is no `polyarch.toml` in this folder or above it",
            where=start,
            hint="go to your project, or name the file with `--config FILE`",
        )


class ConfigExistsError(ConfigError):
    """A polyarch.toml stands where one is to be written."""

    code = "config-exists"

    def __init__(self, file: str) -> None:
        super().__init__(
            f"`{shorten(file)}` is there already",
            where=file,
            hint="`--force` writes over it, `--dry-run` shows what would be written",
        )


class ConfigUnreadableError(ConfigError):
    """A config file that was named or found, and cannot be read."""

    code = "config-unreadable"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(
            f"the config file cannot be read: {reason}",
            where=file,
            hint="name a readable `polyarch.toml` with `--config FILE`",
        )
        self.reason = reason


class InvalidConfigError(ConfigError):
    """A config file with one or more problems, all told at once.

    Each problem is one line of text that names the key path and the line.
    """

    code = "invalid-config"

    def __init__(self, file: str, problems: Sequence[str], *, hint: str | None = None) -> None:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            f"`{file}` has {count}:\n" + "\n".join(f"  {problem}" for problem in problems),
            where=file,
            hint=hint or "mend these lines; `polyarch schema` prints every key that there is",
        )
        self.problems = tuple(problems)


class InvalidLockError(ConfigError):
    """A polyarch.lock that is damaged, every problem told with its line."""

    code = "invalid-lock"

    def __init__(self, file: str, problems: Sequence[str]) -> None:
        super().__init__(
            "the lock is damaged:\n" + "\n".join(f"  {problem}" for problem in problems),
            where=file,
            hint="take the committed file again, or remove it and run"
            " `polyarch doctor --update-lock`",
        )
        self.problems = tuple(problems)


class DockerfileNotFoundError(ConfigError):
    """The Dockerfile that an image names does not exist."""

    code = "dockerfile-not-found"

    def __init__(self, image: str, path: str) -> None:
        super().__init__(
            f"the Dockerfile of image `{image}` does not exist: `{path}`",
            where=f"polyarch.toml, images.{image}.dockerfile",
            hint="set `dockerfile` (from the project's root) or create the file",
        )


class ContextNotFoundError(ConfigError):
    """The folder that an image names as its build context does not exist."""

    code = "context-not-found"

    def __init__(self, image: str, path: str) -> None:
        super().__init__(
            f"the build context of image `{image}` is no folder: `{path}`",
            where=f"polyarch.toml, images.{image}.context",
            hint="set `context` (from the project's root) or create the folder",
        )


class EngineMisfitError(ConfigError):
    """An image is to be built by an engine that lacks what it works from."""

    code = "engine-misfit"

    def __init__(self, image: str, engine: str, lacks: str) -> None:
        super().__init__(
            f"`{engine}` cannot build the image `{image}`: there is no {lacks}",
            where=f"polyarch.toml, images.{image}.engine",
            hint='leave `engine` out (or say "auto"), or give the image what this engine needs',
        )


class InvalidTagError(ConfigError):
    """A tag rule gives a name that no registry takes."""

    code = "invalid-tag"

    def __init__(self, image: str, tag: str) -> None:
        super().__init__(
            f"`{shorten(tag)}` cannot be a tag: a tag has at most 128 letters, digits, `_`, `.` and"
            " `-`, and starts with neither `.` nor `-`",
            where=f"images.{image}.tags",
            hint="change the rule that gives it; `polyarch plan` shows what each event would give",
        )


class TagCollisionError(ConfigError):
    """Two images that would be published under one tag."""

    code = "tag-collision"

    def __init__(self, reference: str, first: str, second: str) -> None:
        super().__init__(
            f"the images `{first}` and `{second}` would both be `{reference}`",
            where=f"images.{second}.repositories and tags",
            hint="put `{image}` into `repositories`, or a prefix into the tag rules of one of them",
        )


class PlatformNotInBaseError(ConfigError):
    """A base image that does not exist for a platform that is to be built on it."""

    code = "platform-not-in-base"

    def __init__(self, reference: str, platform: str, found: Sequence[str]) -> None:
        has = ", ".join(f"`{name}`" for name in found) or "none that is named"
        super().__init__(
            f"the base `{reference}` has no image for `{platform}`",
            where=reference,
            hint=f"it has {has}; take another base or leave the platform out",
        )


class ImageCycleError(ConfigError):
    """Images of one project that are FROM each other in a circle."""

    code = "image-cycle"

    def __init__(self, cycle: Sequence[str]) -> None:
        super().__init__(
            "images stand on each other in a circle: " + " -> ".join(f"`{name}`" for name in cycle),
            where="FROM, COPY --from and `contexts` of these images",
            hint="let one of them start from an image outside the project",
        )


class MissingVariableError(ConfigError):
    """A variable that should hold a login is not set, where nobody can be asked for it."""

    code = "missing-variable"

    def __init__(self, registry: str, variables: Sequence[str], *, where: str) -> None:
        names = " and ".join(f"`{name}`" for name in variables)
        are = "is" if len(variables) == 1 else "are"
        super().__init__(
            f"the login for `{registry}` is not there: {names} {are} not set, or empty",
            where=where,
            hint="pass them from the CI's secrets to this job, or take their names out of the file",
        )
        self.registry = registry
        self.variables = tuple(variables)


class CredentialUnreadableError(ConfigError):
    """A password file or command that the config names gives no password.

    What a command printed is left out: it may hold the secret.
    """

    code = "credential-unreadable"

    def __init__(self, registry: str, source: str, reason: str, *, where: str) -> None:
        super().__init__(
            f"cannot read the login for `{registry}` from {source}: {reason}",
            where=where,
            hint="try it by hand; it must give the password alone on its first line",
        )


class UnknownProfileError(ConfigError):
    """`[registries.X] profile` names no known kind of registry."""

    code = "unknown-profile"

    def __init__(self, name: str, *, known: Sequence[str], nearest: str | None) -> None:
        meant = f"did you mean `{nearest}`? " if nearest else ""
        listed = ", ".join(f"`{each}`" for each in known)
        super().__init__(f"there is no registry profile `{name}`", hint=f"{meant}known: {listed}")


class InvalidRuleError(ConfigError):
    """A tag rule, flavor, image name or list that does not parse.

    `kind` says which of them, `attribute` is the one at fault, `nearest` the right one that was
    probably meant, `known` what would be right.
    """

    code = "invalid-rule"

    def __init__(
        self,
        kind: str,
        text: str,
        problem: str,
        *,
        attribute: str | None = None,
        nearest: str | None = None,
        known: Sequence[str] = (),
    ) -> None:
        place = f"attribute `{shorten(attribute)}` of {kind}" if attribute else kind
        meant = f"did you mean `{nearest}`? " if nearest else ""
        listed = ", ".join(f"`{name}`" for name in known)
        super().__init__(
            f"the {kind} `{shorten(text)}` is not valid: {shorten(problem, 300)}",
            where=f"{place} `{shorten(text)}`",
            hint=(meant + (f"there are {listed}" if listed else "")).strip() or None,
        )
        self.attribute = attribute
        self.nearest = nearest


class InvalidTemplateError(ConfigError):
    """Text with a `{{…}}` expression that cannot be read or worked out."""

    code = "invalid-template"

    def __init__(self, template: str, reason: str, *, where: str | None = None) -> None:
        super().__init__(
            f"cannot work out `{shorten(template)}`: {shorten(reason, 300)}",
            where=shorten(where, 300) if where else None,
            hint="write expressions as in `{{branch}}` or `{{date 'YYYYMMDD' tz='Asia/Tokyo'}}`",
        )
        self.template = template
        self.reason = reason


class InvalidPublishRuleError(ConfigError):
    """An item of `[publish] on` that names neither a ref nor an event."""

    code = "invalid-publish-rule"

    def __init__(self, item: str, problem: str, *, nearest: str | None = None) -> None:
        meant = f"did you mean `{shorten(nearest)}`? " if nearest else ""
        super().__init__(
            f"`{shorten(item)}` does not say what may publish: {shorten(problem)}",
            where="polyarch.toml, publish.on",
            hint=f"{meant}there are `branch:GLOB`, `tag:GLOB`, `release`, `schedule`, `dispatch`",
        )
