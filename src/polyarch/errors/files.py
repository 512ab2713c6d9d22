"""Dockerfiles and compose files that cannot be read."""

from collections.abc import Sequence

from polyarch.errors.base import shorten
from polyarch.errors.config import ConfigError


class DockerfileError(ConfigError):
    """A Dockerfile, or what stands beside it, cannot be read."""

    code = "dockerfile"


class DockerfileSyntaxError(DockerfileError):
    """A Dockerfile that BuildKit would refuse as well; lines count from 1."""

    code = "dockerfile-syntax"

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(
            f"this is not a valid Dockerfile: {reason}",
            where=f"{path}, line {line}",
            hint="mend this line; the Dockerfile reference describes every instruction",
        )
        self.path = path
        self.line = line
        self.reason = reason


class DockerfileTooLargeError(DockerfileError):
    """A Dockerfile with more in it than what is judged; `most` says how much that is."""

    code = "dockerfile-too-large"

    def __init__(self, path: str, most: str) -> None:
        super().__init__(
            f"this Dockerfile has more than {most}: it is not judged",
            where=path,
            hint="no builder builds that many; make several Dockerfiles of it",
        )


class DockerfileUnreadableError(DockerfileError):
    """A Dockerfile that does not exist or cannot be opened."""

    code = "dockerfile-unreadable"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot read the Dockerfile: {reason}",
            where=path,
            hint="name an existing file; `dockerfile` counts from the project's root",
        )


class StageNotFoundError(DockerfileError):
    """A target that no stage of the Dockerfile is called."""

    code = "stage-not-found"

    def __init__(self, path: str, target: str, known: Sequence[str]) -> None:
        names = ", ".join(f"`{name}`" for name in known) or "none, for want of `AS name`"
        super().__init__(
            f"no stage is called `{shorten(target)}`",
            where=path,
            hint=f"named stages: {names}",
        )


class IgnoreFileError(DockerfileError):
    """A pattern of a .dockerignore file that BuildKit would refuse as well."""

    code = "ignore-file"

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(
            f"this pattern cannot be read: {reason}",
            where=f"{path}, line {line}",
            hint="write shell patterns with `*`, `?`, `[…]` and `**`, one on each line",
        )


class BuildContextError(DockerfileError):
    """A build context, or a file in it, that cannot be read."""

    code = "build-context"

    def __init__(self, path: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"cannot read the build context: {reason}",
            where=path,
            hint=hint or "make the file readable, or name it in `.dockerignore`",
        )


class InstructionError(DockerfileError):
    """What is wrong with one instruction; who reads the file adds file and line."""

    code = "dockerfile-syntax"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ExpansionError(DockerfileError):
    """Text whose variables or quotes cannot be expanded; who reads the file adds file and line."""

    code = "dockerfile-syntax"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"`{shorten(text)}` cannot be expanded: {reason}")
        self.reason = self.message


class FixRefusedError(DockerfileError):
    """Why an edit cannot mend a finding; who asked keeps the finding and tells the reason."""

    code = "fix-refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PatternSyntaxError(DockerfileError):
    """What is wrong with a pattern; who reads the .dockerignore adds file and line."""

    code = "ignore-file"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StackError(ConfigError):
    """A compose file, or a file that it names, that cannot be read."""

    code = "stack"


class StackUnreadableError(StackError):
    """A compose file, or one beside it, that does not exist or cannot be opened."""

    code = "stack-unreadable"

    def __init__(
        self,
        file: str,
        reason: str,
        hint: str = "name an existing file, as in `--compose compose.yaml`",
    ) -> None:
        super().__init__(f"cannot read `{shorten(file)}`: {reason}", where=file, hint=hint)


class ComposeFileError(StackError):
    """A compose file that Docker Compose would refuse as well; lines count from 1."""

    code = "compose-file"

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(
            f"this is not a valid compose file: {shorten(reason, 300)}",
            where=f"{file}, line {line}",
            hint="`docker compose config` checks the whole file",
        )
        self.reason = reason


class YamlError(StackError):
    """Text that is not YAML, or more of it than any file of people's has."""

    code = "yaml"

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(
            f"this cannot be read as YAML: {shorten(reason, 300)}",
            where=f"{file}, line {line}",
            hint="mend this line; YAML 1.2 is what is read",
        )
        self.line = line
        self.reason = reason


class EnvFileError(StackError):
    """A line of a file of variables."""

    code = "env-file"

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(
            f"this file of variables cannot be read: {shorten(reason, 300)}",
            where=f"{file}, line {line}",
            hint="write `NAME=value`, one on each line",
        )


class InterpolationError(StackError):
    """What is wrong with the variables of a text; who reads the file adds file and line."""

    code = "interpolation"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"`{shorten(text)}` cannot be worked out: {shorten(reason, 300)}")
        self.reason = reason


class ExpressionSyntaxError(StackError):
    """What stands in `${{ }}` and is no expression; who reads the file adds file and line."""

    code = "expression"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"`{shorten(text.strip())}` is no expression: {shorten(reason, 300)}")
        self.reason = reason


class BakeFileError(StackError):
    """A bake file that cannot be read; lines count from 1."""

    code = "bake-file"

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(
            f"this is not a valid bake file: {shorten(reason, 300)}",
            where=f"{file}, line {line}",
            hint="`docker buildx bake --print` checks the whole file",
        )
        self.line = line
        self.reason = reason
