"""Recipes of the direct engine: their placeholders, files and users."""

from collections.abc import Sequence

from polyarch.errors.base import shorten
from polyarch.errors.config import ConfigError


class UnknownPlaceholderError(ConfigError):
    """A placeholder in braces that nobody fills."""

    code = "unknown-placeholder"

    def __init__(self, name: str, known: Sequence[str], *, nearest: str | None, where: str) -> None:
        meant = f"did you mean `{{{nearest}}}`? " if nearest else ""
        super().__init__(
            f"there is no placeholder `{{{shorten(name)}}}`",
            where=where,
            hint=f"{meant}known: {', '.join(known)}; write `{{{{` for a brace itself",
        )


class PlaceholderValueError(ConfigError):
    """A toolchain that has no name for a platform."""

    code = "placeholder-value"

    def __init__(self, name: str, platform: str, *, where: str) -> None:
        super().__init__(
            f"`{{{name}}}` has no value for `{platform}`, which that toolchain does not know",
            where=where,
            hint="write the name itself under `platform` of this image, or leave the platform out",
        )


class PlaceholderSyntaxError(ConfigError):
    """A brace that neither opens nor closes a placeholder."""

    code = "placeholder-syntax"

    def __init__(self, text: str, brace: str, *, where: str) -> None:
        super().__init__(
            f"a `{brace}` stands alone in `{shorten(text)}`",
            where=where,
            hint=f"write `{brace}{brace}` for the brace itself, `{{out}}` for a placeholder",
        )


class UserUnknownError(ConfigError):
    """The user that an image is to run as is not in the list that its base has."""

    code = "user-unknown"

    def __init__(self, name: str, file: str, *, nearest: str | None, where: str) -> None:
        meant = f"did you mean `{nearest}`? Or " if nearest else ""
        super().__init__(
            f"the base's `{file}` does not know `{name}`",
            where=where,
            hint=f"{meant}write `user` by number, as `1000:1000`",
        )


class LaidFileError(ConfigError):
    """A file that the direct engine cannot lay into an image; `where` is the key path."""

    code = "laid-file"

    def __init__(self, path: str, reason: str, *, where: str, hint: str | None = None) -> None:
        super().__init__(
            f"cannot lay `{shorten(path)}`: {reason}",
            where=where,
            hint=hint or "mend this entry of `files`, or what the command leaves there",
        )
