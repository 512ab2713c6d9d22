"""Every exception polyarch raises on purpose.

PolyarchError                       message, where, hint, code, retryable
├── SpecError                       a value breaks an OCI specification
│   ├── InvalidDigestError
│   ├── InvalidPlatformError
│   ├── InvalidReferenceError
│   └── MalformedManifestError
├── UsageError                      the command line asks for something that cannot be
├── ConfigError                     polyarch.toml, or what it names
│   ├── ConfigNotFoundError
│   ├── InvalidConfigError          every problem of the file at once
│   ├── DockerfileNotFoundError
│   └── ImageCycleError
├── NothingSelectedError            a name or glob that matches nothing
├── HostError                       this machine lacks something
│   ├── ProgramNotFoundError
│   ├── EngineUnusableError         absent, too old, or set up so that it cannot do the work
│   └── StorageError                a disk that is full or cannot be written
├── WorkError                       the work itself failed
│   ├── ProcessFailedError
│   ├── BuildFailedError            with the last lines of the log and where the whole is
│   └── VerificationError
├── ContentError                    stored bytes are absent or not what they should be
│   ├── BlobNotFoundError
│   ├── DigestMismatchError
│   └── SizeMismatchError
└── InterruptedByUserError

An exception writes its own text from typed arguments: `message` says what failed and why, `where`
where, `hint` what to do next. The library never exits; `cli/exit_codes.py` maps classes to codes.
"""

from collections.abc import Sequence
from typing import ClassVar


class PolyarchError(Exception):
    """Base of all: three texts that together tell a person what to do."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint


# --- values of the specifications -------------------------------------------------------------


class SpecError(PolyarchError):
    """A value breaks an OCI specification."""

    code = "invalid-value"


class InvalidDigestError(SpecError):
    """Text that is not a digest."""

    code = "invalid-digest"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"`{shorten(text)}` is not a digest: {reason}",
            hint="a digest is written `sha256:` and 64 hexadecimal digits",
        )


class InvalidPlatformError(SpecError):
    """Text that is not a platform."""

    code = "invalid-platform"

    def __init__(self, text: str, reason: str, *, nearest: str | None = None) -> None:
        meant = f"did you mean `{nearest}`? " if nearest else ""
        super().__init__(
            f"`{shorten(text)}` is not a platform: {reason}",
            hint=f"{meant}write os/architecture or os/architecture/variant, as in `linux/arm64`",
        )


class InvalidReferenceError(SpecError):
    """Text that does not name a repository, tag or digest."""

    code = "invalid-reference"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"`{shorten(text)}` is not an image reference: {reason}",
            hint="write [registry/]repository[:tag][@digest], as in `ghcr.io/team/app:1.2`",
        )


class MalformedManifestError(SpecError):
    """Bytes that are no manifest, index or config of a known form."""

    code = "malformed-manifest"

    def __init__(self, kind: str, reason: str, *, where: str | None = None) -> None:
        super().__init__(
            f"this is not a valid {kind}: {reason}",
            where=where,
            hint="the image was written by a faulty tool or damaged; build or push it again",
        )


# --- what the user asked ------------------------------------------------------------------------


class UsageError(PolyarchError):
    """The command line asks for something that cannot be."""

    code = "usage"


class NothingSelectedError(PolyarchError):
    """A name, group or glob that matches nothing."""

    code = "nothing-selected"

    def __init__(self, selector: str, known: Sequence[str], *, kind: str = "image") -> None:
        names = ", ".join(f"`{name}`" for name in known) or "none"
        super().__init__(
            f"no {kind} matches `{shorten(selector)}`",
            where="the command line",
            hint=f"known {kind}s: {names}",
        )


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


class DockerfileNotFoundError(ConfigError):
    """The Dockerfile that an image names does not exist."""

    code = "dockerfile-not-found"

    def __init__(self, image: str, path: str) -> None:
        super().__init__(
            f"the Dockerfile of image `{image}` does not exist: `{path}`",
            where=f"polyarch.toml, images.{image}.dockerfile",
            hint="set `dockerfile` (from the project's root) or create the file",
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


# --- this machine -------------------------------------------------------------------------------


class HostError(PolyarchError):
    """This machine lacks something that the work needs."""

    code = "host"


class ProgramNotFoundError(HostError):
    """A program that must run is not on PATH."""

    code = "program-not-found"

    def __init__(self, program: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"the program `{program}` is not on PATH",
            where="this machine",
            hint=hint or f"install `{program}`, or run `polyarch doctor`",
        )
        self.program = program


class EngineUnusableError(HostError):
    """An engine that is absent, too old, or set up so that it cannot do the work."""

    code = "engine-unusable"

    def __init__(self, engine: str, problem: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"the engine `{engine}` cannot be used: {problem}",
            where="this machine",
            hint=hint or "run `polyarch doctor`",
        )
        self.engine = engine


class StorageError(HostError):
    """A disk that is full, read-only or gone."""

    code = "storage"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot write: {reason}",
            where=path,
            hint="free some space or name another folder; nothing half-written was kept",
        )


# --- the work -----------------------------------------------------------------------------------


class WorkError(PolyarchError):
    """The work itself failed."""

    code = "failed"


class ProcessFailedError(WorkError):
    """A program ended with another status than 0."""

    code = "process-failed"

    def __init__(self, program: str, status: int, last_lines: Sequence[str]) -> None:
        tail = "".join(f"\n  {line}" for line in last_lines)
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        super().__init__(f"`{program}` {how}{tail}")
        self.program = program
        self.status = status
        self.last_lines = tuple(last_lines)


class BuildFailedError(WorkError):
    """A build ended badly; `last_lines` are the end of the engine's output."""

    code = "build-failed"

    def __init__(
        self,
        image: str,
        platform: str,
        engine: str,
        *,
        last_lines: Sequence[str] = (),
        log: str | None = None,
        hint: str | None = None,
    ) -> None:
        tail = "".join(f"\n  {shorten(line, 300)}" for line in last_lines)
        super().__init__(
            f"cannot build `{image}` for `{platform}` with {engine}{tail}",
            where=f"image `{image}`, platform `{platform}`, engine `{engine}`",
            hint=hint or (f"the whole log is `{log}`" if log else None),
        )
        self.image = image
        self.platform = platform
        self.log = log


class VerificationError(WorkError):
    """A proof failed: nothing was tagged.

    `findings` holds one line for each thing that is wrong.
    """

    code = "verification"

    def __init__(self, subject: str, findings: Sequence[str]) -> None:
        listed = "".join(f"\n  {finding}" for finding in findings)
        super().__init__(
            f"`{subject}` is not what it says{listed}",
            where=subject,
            hint="mend the build of the platform named; no tag was moved",
        )
        self.findings = tuple(findings)


# --- stored bytes -------------------------------------------------------------------------------


class ContentError(PolyarchError):
    """Stored bytes are absent or not what they should be."""

    code = "content"


class BlobNotFoundError(ContentError):
    """A store does not hold the blob that was asked for."""

    code = "blob-not-found"

    def __init__(self, digest: str, store: str) -> None:
        super().__init__(
            f"`{digest}` is not there",
            where=store,
            hint="build or push the image again: it is not whole",
        )


class DigestMismatchError(ContentError):
    """Bytes that have another digest than they were named by."""

    code = "digest-mismatch"

    def __init__(self, expected: str, found: str, store: str) -> None:
        super().__init__(
            f"the bytes named `{expected}` have the digest `{found}`",
            where=store,
            hint="the copy is damaged; nothing of it was used",
        )


class SizeMismatchError(ContentError):
    """More or fewer bytes than a descriptor says."""

    code = "size-mismatch"

    def __init__(self, digest: str, expected: int, found: int, store: str) -> None:
        count = f"more than {expected}" if found > expected else f"{found}"
        super().__init__(
            f"`{digest}` should have {expected} bytes and has {count}",
            where=store,
            hint="the copy is damaged or cut off; nothing of it was used",
        )


class InterruptedByUserError(PolyarchError):
    """Ctrl-C or SIGTERM."""

    code = "interrupted"

    def __init__(self, what_stands: str) -> None:
        super().__init__(f"interrupted: {what_stands}")


def shorten(text: str, limit: int = 120) -> str:
    """Make hostile text fit for one line of a message: printable and not longer than `limit`."""
    line = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return line if len(line) <= limit else line[: limit - 1] + "…"
