"""Every exception polyarch raises on purpose.

PolyarchError                       message, where, hint, code, retryable
├── SpecError                       a value breaks an OCI specification
│   ├── InvalidDigestError
│   ├── InvalidPlatformError
│   ├── InvalidReferenceError
│   └── MalformedManifestError
├── UsageError                      the command line asks for something that cannot be
│   ├── InvalidEventError           an event that a person tells, by options or variables
│   ├── NoWorkTreeError
│   ├── InvalidSwitchError          a variable that says neither yes nor no
│   ├── DetachedHeadError           a commit that no branch or tag leads to
│   ├── LocalPublishRefusedError    `--allow-local` on a tree that nobody else can have
│   ├── PartialPublishError         some platforms of an image, which takes the others away
│   ├── InvalidOverrideError        a flag that sets a config key to what cannot be
│   ├── EmptyOptionError
│   ├── LonelyOptionError           an option that only says how another is meant
│   ├── NoPartsGivenError           `--parts` leads to no record at all
│   ├── InvalidPlaceError           text that says no place of an image, or one of the wrong kind
│   ├── SameNameError               two images that would have one name in one place
│   ├── SeveralPlatformsError       an image of several platforms where only one can go
│   ├── DigestNotKeptError          a copy that would not have the digest that was named
│   └── UnknownRevisionError
├── ConfigError                     polyarch.toml, or what it names
│   ├── ConfigNotFoundError
│   ├── ConfigUnreadableError       not there, no permission, far too large
│   ├── InvalidConfigError          every problem of the file at once
│   ├── DockerfileNotFoundError
│   ├── ContextNotFoundError
│   ├── DockerfileError             a Dockerfile or its .dockerignore that cannot be read
│   │   ├── DockerfileSyntaxError   file, line and reason
│   │   ├── DockerfileUnreadableError
│   │   ├── StageNotFoundError
│   │   ├── IgnoreFileError
│   │   ├── BuildContextError
│   │   ├── InstructionError        the reason alone: the reader of the file adds file and line
│   │   ├── ExpansionError          likewise, for a variable or quote
│   │   └── PatternSyntaxError      likewise, for a pattern of a .dockerignore
│   ├── EngineMisfitError           an engine that lacks what it works from
│   ├── ImageCycleError
│   ├── InvalidTagError             a rule gives what no registry takes
│   ├── TagCollisionError           two images under one tag
│   ├── PlatformNotInBaseError
│   ├── MissingVariableError        a named login whose variable is not set, in CI
│   ├── CredentialUnreadableError   a password file or command that gives none
│   ├── UnknownProfileError         `profile` names no kind of registry, with the nearest known one
│   ├── InvalidRuleError            a tag rule, a flavor or an image name
│   ├── InvalidTemplateError        a `{{…}}` expression
│   ├── UnknownPlaceholderError     a `{…}` of the direct engine, with the nearest known one
│   ├── PlaceholderValueError       a toolchain has no name for the platform
│   ├── PlaceholderSyntaxError      a brace that stands alone
│   ├── LaidFileError               a file of the direct engine: missing, outside, not to be laid
│   ├── StackError                  a compose file, or what it names
│   │   ├── StackUnreadableError    not there, no permission, far too large
│   │   ├── ComposeFileError        file, line and reason
│   │   ├── YamlError               likewise, where it is not even YAML
│   │   ├── EnvFileError            likewise, for a file of variables
│   │   └── InterpolationError      the reason alone: the reader of the file adds file and line
│   └── InvalidPublishRuleError     an item of `[publish] on`
├── NothingSelectedError            a name or glob that matches nothing
│   ├── LayoutNotFoundError
│   ├── TagNotThereError            `--from-tags` finds no tag for a platform
│   ├── ArchiveNotFoundError
│   ├── ProgramFileError            `file:` and nothing there that can be read
│   ├── ImageNotNamedError          a place that holds several images, and none was named
│   ├── ImageNotBuiltError
│   └── NotInEngineError            an image that the Docker Engine does not have
├── HostError                       this machine lacks something
│   ├── ProgramNotFoundError
│   ├── UnsupportedProxyError
│   ├── CallFailedError             a web service that was asked by the way gave no answer
│   ├── EngineUnusableError         absent, too old, or set up so that it cannot do the work
│   │   ├── NoEngineError           none that could build the image can be used
│   │   └── EmulatorMissingError    programs of a platform cannot be executed here
│   ├── EventFileError              the CI's event file is not what it should be
│   ├── GitRefusedError             git does not trust the folder
│   ├── MachineRefusedError         rights, or bounds such as that of open files
│   ├── PortTakenError              a sandbox registry cannot listen
│   ├── SandboxBusyError            another process serves the same folder
│   ├── SandboxStoppedError         a sandbox registry has no address yet
│   └── StorageError                a disk that is full or cannot be written
├── WorkError                       the work itself failed
│   ├── ProcessFailedError
│   ├── BuildFailedError            with the last lines of the log and where the whole is
│   │   ├── BasePlatformError       its base is an image of another platform
│   │   ├── BaseUnreachableError    a registry of a base is down or busy: trying again may help
│   │   └── BaseLoginRefusedError   a registry of a base does not take the engine's login
│   ├── ExistingMisfitError         an image in place of a build that is for another platform
│   ├── BaseNotPublishedError       another image of the project, neither built now nor published
│   ├── LoadedOtherwiseError        an engine shows another image than it was given
│   ├── PartsError                  parts of other machines that are not what is to be published
│   │   ├── PartUnreadableError     a record that is none, or says what cannot be
│   │   ├── PartUnknownError        of an image that this run is not about
│   │   ├── PartCommitError         of another commit
│   │   ├── PartUnplannedError      of a platform that the image is not built for
│   │   ├── PartConflictError       one platform twice, with different digests
│   │   ├── PartMissingError        of a platform nobody handed one over
│   │   └── PartNotHeldError        nothing that may be read holds it
│   ├── AfterPublishError           what was to run after publishing failed; what is published stays
│   └── VerificationError
│       ├── SmokeTestFailedError    an image of one platform does not run as it should
│       └── GateFailedError         a command of the project's own refuses what is staged
├── RegistryError                   exchange: method, redacted URL, status, codes
│   ├── RegistryUnavailableError    down, cut off, 5xx: trying again may help
│   ├── RateLimitedError            with the wait that the registry asked for
│   ├── TlsError
│   ├── LoginRefusedError
│   ├── DeniedError                 policy, quota, rights
│   ├── ManifestNotFoundError
│   ├── RepositoryNotFoundError
│   ├── ImmutableTagError
│   ├── PreconditionFailedError     somebody else changed it first
│   ├── ManifestRefusedError
│   ├── PushesRefusedError          it only gives: read-only, or a mirror
│   ├── UploadRefusedError
│   ├── DeleteUnsupportedError
│   ├── UnsafeTargetError           it sends us where no registry should
│   └── UnexpectedAnswerError       it does not speak the protocol
├── PublishError                    a tag did not come to stand as it should
│   ├── TagOvertakenError           somebody else moved it at the same time
│   ├── TagRefusedError             the tag policy forbids it
│   ├── FewerPlatformsError         one platform in the place of several
│   ├── NothingToKeepError          platforms are to be kept where there are none
│   ├── LockHeldError               another writer edits the same index
│   ├── AdaptationNeededError       a registry cannot take all of it, and one digest is to hold
│   ├── NotPublicError              published, and not readable by everybody
│   └── DeadlinePassedError
├── ContentError                    stored bytes are absent or not what they should be
│   ├── BlobNotFoundError
│   ├── BlobUnreadableError
│   ├── DigestMismatchError
│   ├── SizeMismatchError
│   ├── LayerDamagedError           a layer whose compression or archive cannot be read
│   └── LayerBoundsError            a layer that holds more than is taken in
└── InterruptedByUserError

An exception writes its own text from typed arguments: `message` says what failed and why, `where`
where, `hint` what to do next. The library never exits; `cli/exit_codes.py` maps classes to codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


class PolyarchError(Exception):
    """Base of all: three texts that together tell a person what to do."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def at(self, where: str) -> Self:
        """This error, told to be at `where` unless it says so itself."""
        self.where = self.where or where
        return self


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


class InvalidEventError(UsageError):
    """An event that a person tells, and that cannot be; `where` names option or variable."""

    code = "invalid-event"

    def __init__(self, problem: str, *, hint: str, where: str) -> None:
        super().__init__(shorten(problem, 300), where=where, hint=shorten(hint, 300))


class NoWorkTreeError(UsageError):
    """`context: git` where there is no work tree."""

    code = "no-work-tree"

    def __init__(self) -> None:
        super().__init__(
            "there is no git work tree with a commit here",
            where="`--context git`",
            hint="run it in a clone of the project, or leave the context at `workflow`",
        )


class InvalidSwitchError(UsageError):
    """An environment variable that says yes or no, and says neither."""

    code = "invalid-switch"

    def __init__(self, variable: str, text: str) -> None:
        super().__init__(
            f"`{shorten(text)}` is neither true nor false",
            where=f"`{variable}`",
            hint="set it to `true` or `false`, or unset it",
        )


class DetachedHeadError(UsageError):
    """What is checked out has no name: no branch and no tag leads to it."""

    code = "detached-head"

    def __init__(self, root: str) -> None:
        super().__init__(
            "the commit is checked out by itself, and no branch or tag leads to it",
            where=root,
            hint="check out a branch or tag, or fetch them: `git fetch --tags origin`",
        )


class InvalidOverrideError(UsageError):
    """A flag that sets a key of the config to something that cannot be."""

    code = "invalid-override"

    def __init__(self, flag: str, problems: Sequence[str]) -> None:
        super().__init__(
            f"`{flag}` cannot be obeyed: " + "; ".join(problems),
            where="the command line",
            hint="`polyarch schema` prints what each key may be",
        )
        self.problems = tuple(problems)


class EmptyOptionError(UsageError):
    """An option that was given nothing, as an unset variable of a script gives."""

    code = "empty-option"

    def __init__(self, option: str) -> None:
        super().__init__(
            f"`{option}` is given, and empty",
            where="the command line",
            hint="name something, or leave the option out",
        )


class LonelyOptionError(UsageError):
    """An option that says how another is meant, without that one."""

    code = "lonely-option"

    def __init__(self, option: str, other: str) -> None:
        super().__init__(
            f"`{option}` only works together with `{other}`",
            where="the command line",
            hint=f"add `{other}`, or leave `{option}` out",
        )


class NoPartsGivenError(UsageError):
    """`--parts` names a place that has no record of a part."""

    code = "no-parts-given"

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"`--parts` leads to no part: {shorten(reason)}",
            where=shorten(place),
            hint="name the folder with the records that `polyarch build --stage` wrote, `-` for"
            " standard input, or `env:PREFIX` for variables",
        )


class LocalPublishRefusedError(UsageError):
    """`--allow-local` where what would be published cannot be had by anybody else."""

    code = "local-publish-refused"

    def __init__(self, problem: str, *, where: str, hint: str) -> None:
        super().__init__(f"cannot publish from here: {problem}", where=where, hint=hint)


class PartialPublishError(UsageError):
    """A publish of some of an image's platforms: its tags would lose the others."""

    code = "partial-publish"

    def __init__(self, image: str, missing: Sequence[str]) -> None:
        names = ", ".join(f"`{name}`" for name in missing)
        super().__init__(
            f"the tags of `{image}` would lose {names}: only some platforms were asked for",
            where="`--platform` on the command line",
            hint="`--keep-others` keeps them as they are published; `polyarch build --platform`"
            " publishes nothing",
        )


class InvalidPlaceError(UsageError):
    """Text that says no place of an image, or one that cannot be used for this."""

    code = "invalid-place"

    def __init__(self, place: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"`{shorten(place)}` cannot be used here: {reason}",
            where="the command line",
            hint=hint
            or "places are `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:REF]`, "
            "`docker-daemon:REF`, `image:NAME`, or a registry reference",
        )


class SameNameError(UsageError):
    """Two different images that would have one name in one place."""

    code = "same-name"

    def __init__(self, name: str, first: str, second: str, place: str) -> None:
        super().__init__(
            f"`{shorten(first)}` and `{shorten(second)}` would both be `{shorten(name)}` there",
            where=shorten(place),
            hint="copy one of them by itself, to `oci:DIR:NAME` with another name",
        )


class SeveralPlatformsError(UsageError):
    """An image of several platforms, to where only one of them can go."""

    code = "several-platforms"

    def __init__(self, place: str, platforms: Sequence[str]) -> None:
        names = ", ".join(f"`{name}`" for name in platforms) or "none that is named"
        super().__init__(
            f"`{shorten(place)}` takes the image of one platform, and this one is for several",
            where="the command line",
            hint=f"name one with `--platform`; there are {names}",
        )


class DigestNotKeptError(UsageError):
    """A destination names the digest that it is to have, and would have another."""

    code = "digest-not-kept"

    def __init__(self, place: str, digest: str) -> None:
        super().__init__(
            f"`{shorten(place)}` names another digest than the copy would have: `{digest}`",
            where="the command line",
            hint="leave the digest out, or `--platform`, which makes another index",
        )


class UnknownRevisionError(UsageError):
    """A branch, tag or commit that this clone does not have."""

    code = "unknown-revision"

    def __init__(self, revision: str, root: str) -> None:
        super().__init__(
            f"there is no revision `{shorten(revision)}`",
            where=root,
            hint="fetch it (`git fetch origin`; in CI fetch the whole history), or name another",
        )


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


class LayoutNotFoundError(NothingSelectedError):
    """A folder that should be an OCI layout and is not there."""

    code = "layout-not-found"

    def __init__(self, place: str, folder: str) -> None:
        PolyarchError.__init__(
            self,
            f"there is no folder for `{shorten(place)}`",
            where=folder,
            hint="name an OCI layout as `oci:DIR` or `oci:DIR:TAG`",
        )


class TagNotThereError(NothingSelectedError):
    """No tag of a single platform is there to be joined."""

    code = "tag-not-there"

    def __init__(self, image: str, platform: str, repository: str, tags: Sequence[str]) -> None:
        tried = ", ".join(f"`{shorten(tag, 60)}`" for tag in tags)
        PolyarchError.__init__(
            self,
            f"no tag for `{platform}` stands in `{repository}`; tried {tried}",
            where=f"image `{image}`, platform `{platform}`",
            hint="`--from-tags` needs a tag for every platform of the image; `{arch}` stands for"
            " the architecture in them",
        )


class ArchiveNotFoundError(NothingSelectedError):
    """A file that should be an archive of images and cannot be opened."""

    code = "archive-not-found"

    def __init__(self, file: str, reason: str) -> None:
        PolyarchError.__init__(
            self,
            f"there is no archive to read: {reason}",
            where=file,
            hint="name an existing file, as in `oci-archive:image.tar`",
        )


class ProgramFileError(NothingSelectedError):
    """A file that should be a program or library and cannot be read."""

    code = "program-file"

    def __init__(self, file: str, reason: str) -> None:
        PolyarchError.__init__(
            self,
            f"there is no program to read: {reason}",
            where=file,
            hint="name an existing file, as in `file:dist/app`",
        )


class ImageNotNamedError(NothingSelectedError):
    """A place that holds several images, and the one that is meant was not named."""

    code = "image-not-named"

    def __init__(self, place: str, known: Sequence[str]) -> None:
        count = len(known)
        names = ", ".join(f"`{shorten(name)}`" for name in known)
        held = f"holds {count} images" if count else "holds no image"
        PolyarchError.__init__(
            self,
            f"`{shorten(place)}` {held}",
            where="the command line",
            hint=f"name one behind a colon, as in `{shorten(place)}:NAME`; there are {names}"
            if count
            else "it is empty: name another place",
        )


class ImageNotBuiltError(NothingSelectedError):
    """An image of the project that is not built, or not whole."""

    code = "image-not-built"

    def __init__(self, image: str, platforms: Sequence[str], known: Sequence[str]) -> None:
        names = ", ".join(f"`{name}`" for name in platforms)
        built = ", ".join(f"`{name}`" for name in known) or "none"
        PolyarchError.__init__(
            self,
            f"image `{shorten(image)}` is not built" + (f" for {names}" if names else ""),
            where="the parts of this project",
            hint=f"run `polyarch build {shorten(image)}`; built images: {built}",
        )


class NotInEngineError(NothingSelectedError):
    """An image that the Docker Engine does not have."""

    code = "not-in-engine"

    def __init__(self, reference: str, said: str) -> None:
        PolyarchError.__init__(
            self,
            f"the Docker Engine has no image `{shorten(reference)}`: {shorten(said, 200)}",
            where=f"docker-daemon:{shorten(reference)}",
            hint="`docker image ls` lists what it has; `--platform` must name what it holds of it",
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


class ConfigUnreadableError(ConfigError):
    """A config file that was named or found, and cannot be read."""

    code = "config-unreadable"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(
            f"the config file cannot be read: {reason}",
            where=file,
            hint="name a readable `polyarch.toml` with `--config FILE`",
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


class ContextNotFoundError(ConfigError):
    """The folder that an image names as its build context does not exist."""

    code = "context-not-found"

    def __init__(self, image: str, path: str) -> None:
        super().__init__(
            f"the build context of image `{image}` is no folder: `{path}`",
            where=f"polyarch.toml, images.{image}.context",
            hint="set `context` (from the project's root) or create the folder",
        )


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

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot read the build context: {reason}",
            where=path,
            hint="make the file readable, or name it in `.dockerignore`",
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


class PatternSyntaxError(DockerfileError):
    """What is wrong with a pattern; who reads the .dockerignore adds file and line."""

    code = "ignore-file"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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


class LaidFileError(ConfigError):
    """A file that the direct engine cannot lay into an image; `where` is the key path."""

    code = "laid-file"

    def __init__(self, path: str, reason: str, *, where: str, hint: str | None = None) -> None:
        super().__init__(
            f"cannot lay `{shorten(path)}`: {reason}",
            where=where,
            hint=hint or "mend this entry of `files`, or what the command leaves there",
        )


class StackError(ConfigError):
    """A compose file, or a file that it names, that cannot be read."""

    code = "stack"


class StackUnreadableError(StackError):
    """A compose file, or one beside it, that does not exist or cannot be opened."""

    code = "stack-unreadable"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(
            f"cannot read `{shorten(file)}`: {reason}",
            where=file,
            hint="name an existing file, as in `--compose compose.yaml`",
        )


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


# --- this machine -------------------------------------------------------------------------------


class HostError(PolyarchError):
    """This machine lacks something that the work needs."""

    code = "host"


class ProgramNotFoundError(HostError):
    """A program that must run is not on PATH, or cannot be started."""

    code = "program-not-found"

    def __init__(
        self, program: str, *, problem: str | None = None, named_by: str | None = None
    ) -> None:
        absent = f"install `{program}`, or run `polyarch doctor`"
        super().__init__(
            f"the program `{program}` {problem or 'is not on PATH'}",
            where=f"{named_by}, on this machine" if named_by else "this machine",
            hint=f"see that `{program}` can be run by hand from the same folder"
            if problem
            else absent,
        )
        self.program = program


class UnsupportedProxyError(HostError):
    """A proxy setting that cannot be used; the text of the setting may hold a password."""

    code = "unsupported-proxy"

    def __init__(self, variable: str, scheme: str) -> None:
        super().__init__(
            f"the proxy in `{variable}` cannot be used: its scheme is `{shorten(scheme)}`",
            where="the environment",
            hint="only `http://host:port` proxies are understood (they carry HTTPS as well)",
        )


class CallFailedError(HostError):
    """A web service that was asked by the way gave no usable answer."""

    code = "call-failed"

    def __init__(self, host: str, problem: str) -> None:
        super().__init__(
            f"`{shorten(host)}` was asked and gave no answer: {shorten(problem)}",
            where=shorten(host),
            hint="see that it can be reached from here, through which proxy, and with which token",
        )


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


class EventFileError(HostError):
    """The file in which the CI describes its event is broken."""

    code = "event-file"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"the event file cannot be used: {problem}",
            where=f"GITHUB_EVENT_PATH, `{shorten(path)}`",
            hint="unset GITHUB_EVENT_PATH, or let it name the JSON object that the CI wrote",
        )


class GitRefusedError(HostError):
    """Git does not read a folder that belongs to somebody else (safe.directory)."""

    code = "git-refused"

    def __init__(self, folder: str) -> None:
        super().__init__(
            "git does not trust this folder: it belongs to another user",
            where=folder,
            hint=f"run `git config --global --add safe.directory {shorten(folder)}`",
        )


class NoEngineError(EngineUnusableError):
    """No engine that could do it can be used; `problems` are (engine, what is wrong).

    `task` is `build` an image or `load` it into an engine's store.
    """

    code = "no-engine"

    def __init__(
        self, image: str, problems: Sequence[tuple[str, str]], *, hint: str, task: str = "build"
    ) -> None:
        listed = "".join(f"\n  `{engine}`: {problem}" for engine, problem in problems)
        PolyarchError.__init__(
            self, f"no engine can {task} `{image}` here{listed}", where="this machine", hint=hint
        )
        self.engine = ", ".join(engine for engine, _ in problems)


class EmulatorMissingError(EngineUnusableError):
    """Programs of a platform must be executed, and this machine cannot."""

    code = "emulator-missing"

    def __init__(self, engine: str, platform: str, *, log: str | None = None) -> None:
        super().__init__(
            engine,
            f"programs of `{platform}` cannot be executed where it builds (exec format error)",
            hint=(
                "register emulators there: `apt-get install qemu-user-static binfmt-support`, or "
                "`docker run --privileged --rm tonistiigi/binfmt --install all`; or let the "
                "Dockerfile cross-compile in a `FROM --platform=$BUILDPLATFORM` stage"
                + (f"; the whole log is `{log}`" if log else "")
            ),
        )


class StorageError(HostError):
    """A disk that is full, read-only or gone."""

    code = "storage"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot write: {reason}",
            where=path,
            hint=f"{_room(reason)}; nothing half-written was kept",
        )


class MachineRefusedError(HostError):
    """A system call that is refused for want of rights, or of one of the system's bounds."""

    code = "machine-refused"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"this machine refuses: {reason}",
            where=path,
            hint="see who may read and write there; `ulimit -a` shows the bounds of this shell",
        )


class PortTakenError(HostError):
    """A sandbox registry cannot listen where it should."""

    code = "port-taken"

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"a sandbox registry cannot listen on `{address}`: {reason}",
            where="this machine",
            hint="stop what listens there, name another port, or leave the port out for a free one",
        )


class SandboxBusyError(HostError):
    """The folder of sandbox registries is in another process's hands."""

    code = "sandbox-busy"

    def __init__(self, folder: str) -> None:
        super().__init__(
            "another polyarch runs the sandbox registries of this project",
            where=folder,
            hint="stop it: `polyarch sandbox` runs until Ctrl-C; `--memory` needs no folder",
        )


class SandboxStoppedError(HostError):
    """The address of a sandbox registry was asked for before it was started."""

    code = "sandbox-stopped"

    def __init__(self) -> None:
        super().__init__(
            "this sandbox registry has no address yet: it was never started",
            hint="start it first, or give it a fixed port",
        )


# --- the work -----------------------------------------------------------------------------------


class WorkError(PolyarchError):
    """The work itself failed."""

    code = "failed"


class ProcessFailedError(WorkError):
    """A program ended with another status than 0; `is_late`: it was ended, it took too long."""

    code = "process-failed"

    def __init__(
        self, program: str, status: int, last_lines: Sequence[str], *, is_late: bool = False
    ) -> None:
        tail = "".join(f"\n  {line}" for line in last_lines)
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        super().__init__(f"`{program}` {how}{tail}")
        self.how = how
        self.is_late = is_late
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
            hint="; ".join(filter(None, (hint, log and f"the whole log is `{log}`"))) or None,
        )
        self.image = image
        self.platform = platform
        self.last_lines = tuple(last_lines)
        self.log = log


class BasePlatformError(BuildFailedError):
    """An image was to be built on a base of another platform."""

    code = "base-platform"

    def __init__(self, image: str, platform: str, engine: str, *, base: str, found: str) -> None:
        super().__init__(
            image,
            platform,
            engine,
            last_lines=[f"its base `{shorten(base)}` is an image for `{found}`"],
            hint=f"build the base for `{platform}` too: it must list this platform",
        )


class BaseUnreachableError(BuildFailedError):
    """A registry that a build takes images from is down, cut off, or takes no more requests."""

    code = "base-unreachable"
    retryable = True


class BaseLoginRefusedError(BuildFailedError):
    """A registry that a build takes images from does not take the login, or wants one."""

    code = "base-login-refused"


class ExistingMisfitError(WorkError):
    """An image that was to stand in for a build, and is not of the platform."""

    code = "existing-misfit"

    def __init__(self, reference: str, platform: str, found: Sequence[str], *, why: str) -> None:
        has = ", ".join(f"`{name}`" for name in found) or "none that is named"
        super().__init__(
            f"`{reference}` has no image for `{platform}`: it has {has}",
            where=f"`{platform}`: {why}",
            hint="take another image for this platform, or build it",
        )


class BaseNotPublishedError(WorkError):
    """An image stands on another of the project that is neither built now nor published."""

    code = "base-not-published"

    def __init__(self, base: str, image: str, references: Sequence[str]) -> None:
        looked = ", ".join(f"`{name}`" for name in references)
        super().__init__(
            f"image `{base}`, which `{image}` stands on, is not published",
            where=looked or f"polyarch.toml, images.{base}: it has no `repositories`",
            hint="build it too with `--with-dependencies`, or publish it first",
        )


class LoadedOtherwiseError(WorkError):
    """An engine or archive that was given an image shows another one, or one it cannot run as."""

    code = "loaded-otherwise"

    def __init__(self, place: str, expected: str, found: str) -> None:
        super().__init__(
            f"`{shorten(place)}` was given an image for {expected} and shows {shorten(found)}",
            where=shorten(place),
            hint="remove that name there and copy again; the name leads to something else now",
        )


class PartsError(WorkError):
    """Parts of other machines that are not what is to be published; nothing was published."""

    code = "parts"


class PartUnreadableError(PartsError):
    """A record that is none, or says what cannot be."""

    code = "part-unreadable"

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"this record of a part cannot be used: {shorten(reason, 300)}",
            where=shorten(where, 300),
            hint="hand over the record as `polyarch build --stage` wrote it",
        )


class PartUnknownError(PartsError):
    """A part of an image that this run is not about."""

    code = "part-unknown"

    def __init__(self, part: str, where: str, known: Sequence[str]) -> None:
        names = ", ".join(f"`{name}`" for name in known)
        super().__init__(
            f"the part {shorten(part, 200)} is of an image that this run is not about",
            where=shorten(where, 300),
            hint=f"images of this run: {names}; leave the record out, or see which job made it",
        )


class PartCommitError(PartsError):
    """A part of another commit than the one that is published."""

    code = "part-commit"

    def __init__(self, part: str, where: str, *, found: str, wanted: str) -> None:
        super().__init__(
            f"the part {shorten(part, 200)} is of commit `{shorten(found or 'none')}`, and this run"
            f" is of `{wanted or 'none'}`",
            where=shorten(where, 300),
            hint="let all jobs of a run check out one commit, and hand over no older records",
        )


class PartUnplannedError(PartsError):
    """A part of a platform that its image is not built for."""

    code = "part-unplanned"

    def __init__(self, part: str, where: str, planned: Sequence[str]) -> None:
        names = ", ".join(f"`{name}`" for name in planned)
        super().__init__(
            f"the part {shorten(part, 200)} is one too many: the image has no such platform",
            where=shorten(where, 300),
            hint=f"it is built for {names}; leave the record out, or add the platform",
        )


class PartConflictError(PartsError):
    """One platform of an image twice, with different content."""

    code = "part-conflict"

    def __init__(self, part: str, found: Sequence[tuple[str, str]]) -> None:
        listed = "".join(f"\n  `{digest}`: {shorten(where, 300)}" for digest, where in found)
        super().__init__(
            f"the part {shorten(part, 200)} is there twice, and differs{listed}",
            where=shorten(found[-1][1], 300),
            hint="hand over one of them: two jobs built this platform, or an older record is left",
        )


class PartMissingError(PartsError):
    """Platforms of images that nobody handed a part over of, each as `(image, platform)`."""

    code = "part-missing"

    def __init__(self, missing: Sequence[tuple[str, str]], where: str) -> None:
        listed = ", ".join(f"`{image}` for `{platform}`" for image, platform in missing)
        image, platform = missing[0]
        super().__init__(
            f"there is no part of {listed}",
            where=shorten(where, 300),
            hint="see why its job left none; it is made by"
            f" `polyarch build {image} --platform {platform} --stage`",
        )


class PartNotHeldError(PartsError):
    """A part whose content nothing holds that may be read."""

    code = "part-not-held"

    def __init__(self, part: str, where: str, reasons: Sequence[str]) -> None:
        listed = "".join(f"\n  {shorten(reason, 300)}" for reason in reasons)
        super().__init__(
            f"the part {shorten(part, 200)} is not where its record says{listed}",
            where=shorten(where, 300),
            hint="build it with `--stage`, which sends it to the image's repositories or to"
            " `[publish] stage-to`, or hand its layout over beside the record",
        )


class VerificationError(WorkError):
    """A proof failed: nothing was tagged.

    `findings` holds one line for each thing that is wrong.
    """

    code = "verification"

    def __init__(self, subject: str, findings: Sequence[str], *, hint: str = "") -> None:
        listed = "".join(f"\n  {finding}" for finding in findings)
        super().__init__(
            f"`{subject}` is not what it says{listed}",
            where=subject,
            hint=f"{hint or 'mend the build of the platform named'}; no tag was moved",
        )
        self.findings = tuple(findings)


class SmokeTestFailedError(VerificationError):
    """Programs of an image did not do what its smoke tests want; each failure is one line."""

    code = "smoke-test-failed"

    def __init__(self, image: str, failures: Sequence[str], *, record: str) -> None:
        told = [shorten(failure, 500) for failure in failures]
        listed = told[0] if len(told) == 1 else "".join(f"\n  {line}" for line in told)
        PolyarchError.__init__(
            self,
            f"`{image}` fails its smoke test: {listed}",
            where=f"image `{image}`, key `smoke-test`",
            hint=f"no tag was moved and nothing was uploaded; its output stands in `{record}`",
        )
        self.findings = tuple(failures)


class GateFailedError(VerificationError):
    """A gate refused an image of one platform; `others` are what else was refused, a line each."""

    code = "gate-failed"

    def __init__(
        self,
        image: str,
        platform: str,
        command: str,
        *,
        problem: str,
        last_lines: Sequence[str] = (),
        log: str,
        others: Sequence[str] = (),
    ) -> None:
        told = [shorten(line, 300) for line in last_lines]
        told += [f"likewise {shorten(other, 300)}" for other in others]
        tail = "".join(f"\n  {line}" for line in told)
        PolyarchError.__init__(
            self,
            f"`{image}` for `{platform}` does not pass the gate `{shorten(command)}`: it"
            f" {problem}{tail}",
            where=f"image `{image}`, platform `{platform}`, key `gates`",
            hint=f"no tag was moved; its whole output is `{log}`",
        )
        self.findings = (f"{platform}: `{command}` {problem}", *others)


class AfterPublishError(WorkError):
    """A command that was to run after publishing failed: the tags stay where they are."""

    code = "after-publish-failed"

    def __init__(
        self, image: str, command: str, *, problem: str, last_lines: Sequence[str] = (), log: str
    ) -> None:
        tail = "".join(f"\n  {shorten(line, 300)}" for line in last_lines)
        super().__init__(
            f"`{image}` is published, and `{shorten(command)}` {problem}{tail}",
            where=f"image `{image}`, key `after-publish`",
            hint=f"run it by hand, or publish again: it runs each time; its output is `{log}`",
        )


# --- registries ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request to a registry and its answer, fit for a message.

    `url` holds no secret any more; `status` is 0 where no answer came; `codes` and `words` are the
    registry's own.
    """

    registry: str
    method: str
    url: str
    status: int = 0
    codes: tuple[str, ...] = ()
    words: str = ""

    @property
    def said(self) -> str:
        """What the registry said about it, to go behind a message; empty where it said nothing."""
        told = ", ".join(shorten(code, 40) for code in self.codes)
        if self.words and self.words.lower() not in told.lower():
            told = f"{told}: {self.words}" if told else self.words
        return f": {shorten(told, 300)}" if told else ""

    def __str__(self) -> str:
        answer = f"answered {self.status}" if self.status else "no answer"
        return f"{self.method} {self.url} ({answer})"


class RegistryError(PolyarchError):
    """A registry could not or would not do what it was asked."""

    code = "registry"

    def __init__(self, exchange: Exchange, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, where=str(exchange), hint=hint)
        self.exchange = exchange
        self.registry = exchange.registry
        self.method = exchange.method
        self.url = exchange.url
        self.status = exchange.status
        self.codes = exchange.codes


class RegistryUnavailableError(RegistryError):
    """A registry that is down, cannot be reached, cuts off, or fails by itself.

    `retry_after_s` is what it asked to wait, in seconds.
    """

    code = "registry-unavailable"
    retryable = True

    def __init__(
        self, exchange: Exchange, reason: str, *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` cannot be used now: {reason}",
            hint="try again later; `polyarch doctor` tells whether it can be reached from here",
        )
        self.retry_after_s = retry_after_s


class RateLimitedError(RegistryError):
    """Too many requests; `retry_after_s` is the wait that the registry asked for, in seconds."""

    code = "rate-limited"
    retryable = True

    def __init__(self, exchange: Exchange, *, retry_after_s: float | None = None) -> None:
        wait = f"try again in {retry_after_s:.0f} s" if retry_after_s else "try again later"
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` takes no more requests for now{exchange.said}",
            hint=f"{wait}; logged in users have higher limits (`docker login {exchange.registry}`)",
        )
        self.retry_after_s = retry_after_s


class TlsError(RegistryError):
    """No trusted connection."""

    code = "tls"

    def __init__(self, exchange: Exchange, reason: str) -> None:
        super().__init__(
            exchange,
            f"no trusted connection to the registry `{exchange.registry}`: {shorten(reason, 200)}",
            hint=f'under `[registries."{exchange.registry}"]` set `ca` to the file of its '
            "certificate authority, or `plain-http = true` if it speaks no TLS",
        )


class LoginRefusedError(RegistryError):
    """The registry does not take these credentials, or wants some and there are none.

    `source` says where the credentials came from; `places` give them before all others, and with
    `named` have given these.
    """

    code = "login-refused"

    def __init__(
        self, exchange: Exchange, *, source: str, places: Sequence[str], named: bool = False
    ) -> None:
        names = " and ".join(places)
        advice = (
            f"mend what {names} give, which count before any `docker login`"
            if named
            else f"run `docker login {exchange.registry}`, or set {names}"
        )
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` refuses the login "
            f"(credentials: {source}){exchange.said}",
            hint=f"{advice}; `polyarch doctor` shows which login is used",
        )
        self.source = source


class DeniedError(RegistryError):
    """Logged in or not: this may not be done (rights, policy, quota)."""

    code = "denied"

    def __init__(self, exchange: Exchange, *, source: str) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` does not allow this "
            f"(credentials: {source}){exchange.said}",
            hint="check that the repository exists and that this login may write to it, and the "
            "registry's quota and policies",
        )
        self.source = source


class ManifestNotFoundError(RegistryError):
    """There is no such tag or digest."""

    code = "manifest-not-found"

    def __init__(self, exchange: Exchange, reference: str) -> None:
        super().__init__(
            exchange,
            f"`{reference}` does not exist",
            hint="check the name and the tag; a private image needs a login that may read it",
        )
        self.reference = reference


class RepositoryNotFoundError(RegistryError):
    """There is no such repository, and the registry does not make one by itself."""

    code = "repository-not-found"

    def __init__(self, exchange: Exchange, repository: str) -> None:
        super().__init__(
            exchange,
            f"the repository `{repository}` does not exist{exchange.said}",
            hint="check the name; some registries want a repository to be made before a push",
        )
        self.repository = repository


class ImmutableTagError(RegistryError):
    """A tag that the registry never lets move."""

    code = "immutable-tag"

    def __init__(self, exchange: Exchange, reference: str) -> None:
        super().__init__(
            exchange,
            f"the tag `{reference}` cannot be moved{exchange.said}",
            hint="publish under another tag, or change the registry's rule for this repository",
        )
        self.reference = reference


class PreconditionFailedError(RegistryError):
    """What was to be replaced is no longer what it was: somebody else was first (412)."""

    code = "precondition-failed"
    retryable = True

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` did not replace what somebody else has changed "
            f"meanwhile{exchange.said}",
            hint="run again: what stands there now is looked at first",
        )


class ManifestRefusedError(RegistryError):
    """The registry does not take this manifest."""

    code = "manifest-refused"

    def __init__(self, exchange: Exchange, reference: str) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` does not take the manifest "
            f"`{reference}`{exchange.said}",
            hint="it may not know this kind of manifest (attestations, indexes), or lack its blobs",
        )
        self.reference = reference


class PushesRefusedError(RegistryError):
    """The registry has no such thing as an upload."""

    code = "pushes-refused"

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` takes no pushes{exchange.said}",
            hint="it may be a mirror, or read-only while it is being cleaned; ask who runs it",
        )


class UploadRefusedError(RegistryError):
    """The registry does not take this blob."""

    code = "upload-refused"

    def __init__(self, exchange: Exchange, digest: str, size: int) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` does not take the blob `{digest}` "
            f"({size} bytes){exchange.said}",
            hint="status 413 is a size limit, of the registry or of a proxy before it; "
            "otherwise build the image again with `--force`",
        )


class DeleteUnsupportedError(RegistryError):
    """The registry does not delete this."""

    code = "delete-unsupported"

    def __init__(self, exchange: Exchange, reference: str) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` does not delete `{reference}`{exchange.said}",
            hint="deleting may be switched off there; use the registry's own tools",
        )


class UnsafeTargetError(RegistryError):
    """A registry sends us where credentials or bytes must not go."""

    code = "unsafe-target"

    def __init__(self, exchange: Exchange, kind: str, target: str, reason: str) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` names `{target}` as {kind}: {reason}",
            hint="nothing was sent there; the registry or a proxy before it is set up wrongly",
        )


class UnexpectedAnswerError(RegistryError):
    """What answers is no registry, or breaks the protocol."""

    code = "unexpected-answer"

    def __init__(self, exchange: Exchange, problem: str) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` gives an answer that makes no sense: {problem}"
            f"{exchange.said}",
            hint="check that the name is a registry's; a proxy or portal may answer in its place",
        )


# --- publishing ---------------------------------------------------------------------------------


class PublishError(PolyarchError):
    """A tag did not come to stand as it should."""

    code = "publish"


class TagOvertakenError(PublishError):
    """A tag that was just moved shows something else: another writer is at work."""

    code = "tag-overtaken"
    retryable = True

    def __init__(self, tag: str, ours: str) -> None:
        super().__init__(
            f"`{tag}` was moved to `{ours}` and does not show it",
            where=tag,
            hint="something else moves this tag too; publish again when it is done",
        )


class TagRefusedError(PublishError):
    """The tag policy forbids a tag to move away from what it has."""

    code = "tag-refused"

    def __init__(self, tag: str, reason: str) -> None:
        super().__init__(
            f"`{tag}` must not move: {reason}",
            where=tag,
            hint='publish under a new version; `tag-policy = "free"` lets tags move as a run says',
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


class FewerPlatformsError(PublishError):
    """An image of one platform would take the place of an index of several."""

    code = "fewer-platforms"

    def __init__(self, tag: str, lost: Sequence[str]) -> None:
        super().__init__(
            f"`{tag}` would lose {_listed(lost)}",
            where=tag,
            hint="`--fewer-platforms` lets the tag have fewer; `polyarch publish --platform P"
            " --keep-others` replaces one and keeps the others",
        )


class NothingToKeepError(PublishError):
    """`--keep-others` where nothing stands."""

    code = "nothing-to-keep"

    def __init__(self, tag: str, platforms: Sequence[str]) -> None:
        super().__init__(
            f"nothing stands under `{tag}` whose other platforms could be kept",
            where=tag,
            hint=f"publish all platforms first, not {_listed(platforms)} alone",
        )


class LockHeldError(PublishError):
    """Another writer holds the lock of a repository for longer than anybody waits."""

    code = "lock-held"
    retryable = True

    def __init__(self, repository: str, owner: str, left_s: float) -> None:
        super().__init__(
            f"`{repository}` is being edited by {shorten(owner, 100)}",
            where=f"{repository}:polyarch-lock",
            hint=f"try again when that has ended; the lock lapses in {left_s:.0f} s",
        )


class AdaptationNeededError(PublishError):
    """A registry does not take a part of the image, and every registry is to hold one digest."""

    code = "adaptation-needed"

    def __init__(self, repository: str, why: str) -> None:
        super().__init__(
            f"`{repository}` cannot take this image whole: {why}",
            where=repository,
            hint='`digest-policy = "per-registry"` leaves it out there alone, or make the'
            " attestations without OCI artifacts",
        )


class NotPublicError(PublishError):
    """The config says that everybody may read it, and the registry lets nobody without a login."""

    code = "not-public"

    def __init__(self, tag: str) -> None:
        super().__init__(
            f"`{tag}` was published and cannot be read without a login",
            where=tag,
            hint="make the repository public at its registry; the config says `public = true`",
        )


class DeadlinePassedError(PublishError):
    """`--deadline` was over before everything was ready."""

    code = "deadline-passed"
    retryable = True

    def __init__(self, repository: str) -> None:
        super().__init__(
            f"the deadline passed while `{repository}` was being written",
            where=repository,
            hint="what was sent is there by digest: the next run goes on from it",
        )


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


class BlobUnreadableError(ContentError):
    """A blob that is there and cannot be read to its end."""

    code = "blob-unreadable"

    def __init__(self, digest: str, store: str, reason: str) -> None:
        super().__init__(
            f"`{digest}` cannot be read: {reason}",
            where=store,
            hint="look at the disk that holds it; build or fetch the image again",
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


class LayerDamagedError(ContentError):
    """A layer whose compression or archive cannot be read to its end."""

    code = "layer-damaged"

    def __init__(self, reason: str, *, digest: str = "") -> None:
        self.reason = reason
        super().__init__(
            f"the layer cannot be unpacked: {reason}",
            where=digest or None,
            hint="it was written by a faulty tool, or damaged before it got its digest; build the "
            "image again",
        )


class LayerBoundsError(ContentError):
    """A layer that holds or grows to more than any honest image has."""

    code = "layer-bounds"

    def __init__(self, reason: str, *, digest: str = "") -> None:
        self.reason = reason
        super().__init__(
            f"the layer was not read to its end: {reason}",
            where=digest or None,
            hint="no honest image is known to be like this; look at it without unpacking it",
        )


class InterruptedByUserError(PolyarchError):
    """Ctrl-C or SIGTERM."""

    code = "interrupted"

    def __init__(self) -> None:
        super().__init__(
            "interrupted before the work was done",
            where="this run",
            hint="every tag shows a whole image, the old or the new one; run it again, and what "
            "was built is reused",
        )


def _room(reason: str) -> str:
    """What helps a disk that cannot be written."""
    if any(word in reason.lower() for word in ("space", "quota", "large")):
        return "free some space"
    return "see who may write there, and whether the disk is mounted for writing"


def shorten(text: str, limit: int = 120) -> str:
    """Make hostile text fit for one line of a message: printable and not longer than `limit`."""
    line = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return line if len(line) <= limit else line[: limit - 1] + "…"
