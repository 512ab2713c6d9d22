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
│   ├── NeedsUnreadableError        what a CI says of its jobs is not that
│   ├── NoPartsGivenError           `--parts` leads to no record at all
│   ├── InvalidPlaceError           text that says no place of an image, or one of the wrong kind
│   ├── SameNameError               two images that would have one name in one place
│   ├── SeveralPlatformsError       an image of several platforms where only one can go
│   ├── DigestNotKeptError          a copy that would not have the digest that was named
│   ├── NoRunStoreError             the project keeps no records in a repository
│   ├── NoTargetError               an image has no repositories where it would be promoted to
│   ├── ReservedTagNamedError       a tag that is kept for something else
│   ├── SameEnvironmentError        an image would be promoted to where it is
│   └── UnknownRevisionError
├── ConfigError                     polyarch.toml, or what it names
│   ├── ConfigNotFoundError
│   ├── ConfigExistsError           where `init` would write one
│   ├── ConfigUnreadableError       not there, no permission, far too large
│   ├── InvalidConfigError          every problem of the file at once
│   ├── InvalidLockError            every problem of a polyarch.lock
│   ├── DockerfileNotFoundError
│   ├── ContextNotFoundError
│   ├── DockerfileError             a Dockerfile or its .dockerignore that cannot be read
│   │   ├── DockerfileSyntaxError   file, line and reason
│   │   ├── DockerfileTooLargeError
│   │   ├── DockerfileUnreadableError
│   │   ├── StageNotFoundError
│   │   ├── IgnoreFileError
│   │   ├── BuildContextError
│   │   ├── InstructionError        the reason alone: the reader of the file adds file and line
│   │   ├── ExpansionError          likewise, for a variable or quote
│   │   ├── FixRefusedError         the reason alone: nothing of the file is changed
│   │   └── PatternSyntaxError      likewise, for a pattern of a .dockerignore
│   ├── EngineMisfitError           an engine that lacks what it works from
│   ├── ImageCycleError
│   ├── InvalidTagError             a rule gives what no registry takes
│   │   └── ReservedTagError        or what is kept for something else
│   ├── TagCollisionError           two images under one tag
│   ├── PlatformNotInBaseError
│   ├── BuildSecretError            a secret or SSH agent for a build that is not there
│   ├── MissingVariableError        a named login whose variable is not set, in CI
│   ├── CredentialUnreadableError   a password file or command that gives none
│   ├── UnknownProfileError         `profile` names no kind of registry, with the nearest known one
│   ├── InvalidRuleError            a tag rule, a flavor or an image name
│   ├── InvalidTemplateError        a `{{…}}` expression
│   ├── UnknownPlaceholderError     a `{…}` of the direct engine, with the nearest known one
│   ├── PlaceholderValueError       a toolchain has no name for the platform
│   ├── PlaceholderSyntaxError      a brace that stands alone
│   ├── UserUnknownError            a user that the base of an image does not know
│   ├── LaidFileError               a file of the direct engine: missing, outside, not to be laid
│   ├── StackError                  a compose file, or what it names
│   │   ├── StackUnreadableError    not there, no permission, far too large
│   │   ├── ComposeFileError        file, line and reason
│   │   ├── YamlError               likewise, where it is not even YAML
│   │   ├── BakeFileError           likewise, for a bake file
│   │   ├── EnvFileError            likewise, for a file of variables
│   │   ├── InterpolationError      the reason alone: the reader of the file adds file and line
│   │   └── ExpressionSyntaxError   likewise, for what stands in `${{ }}` of a workflow
│   ├── InvalidNoticeAddressError   a line of the addresses that are told of runs
│   └── InvalidPublishRuleError     an item of `[publish] on`
├── NothingSelectedError            a name or glob that matches nothing
│   ├── LayoutNotFoundError
│   ├── TagNotThereError            `--from-tags` finds no tag for a platform
│   ├── NotInSourceError            an environment that has not what is to be promoted
│   ├── ArchiveNotFoundError
│   ├── ProgramFileError            `file:` and nothing there that can be read
│   ├── ImageNotNamedError          a place that holds several images, and none was named
│   ├── ImageNotBuiltError
│   ├── LintFileNotFoundError
│   ├── NothingToLintError          a folder without anything that could be judged
│   ├── NothingToImportError        a workflow or folder in which no image is built
│   ├── RunNotFoundError            a run that nobody knows
│   ├── SeveralRunsError            a piece of an id that several runs have
│   ├── LogNotFoundError            a log that a run has not
│   ├── NoRecordsError              nothing to import: no record of a run
│   ├── VersionNotThereError        a repository has not what tags are to go to
│   ├── NoMovingTagsError           no rule says which tags go along with a version
│   ├── NotOfProjectError           a repository into which the project publishes nothing
│   ├── NothingToUndoError          a run that moved no tag
│   └── NotInEngineError            an image that the Docker Engine does not have
├── HostError                       this machine lacks something
│   ├── CertificatesNotFoundError   no CA certificates that an image could be given
│   ├── ProgramNotFoundError
│   ├── NotRunError                 a program of an image that could only be inspected
│   ├── UnsupportedProxyError
│   ├── CallFailedError             a web service that was asked by the way gave no answer
│   ├── EngineUnusableError         absent, too old, or set up so that it cannot do the work
│   │   ├── BuilderLostError        a machine that went away with builds that nobody else may do
│   │   ├── NoEngineError           none that could build the image can be used
│   │   └── EmulatorMissingError    programs of a platform cannot be executed here
│   ├── EventFileError              the CI's event file is not what it should be
│   ├── GitRefusedError             git does not trust the folder
│   ├── MachineRefusedError         rights, or bounds such as that of open files
│   ├── NoticeNotSentError          who was to be told of a run could not be
│   ├── PortTakenError              a sandbox registry cannot listen
│   ├── SandboxBusyError            another process serves the same folder
│   ├── SandboxStoppedError         a sandbox registry has no address yet
│   ├── StorageError                a disk that is full or cannot be written
│   └── StrategyUnmetError          nothing may build a platform in the way that is demanded
├── WorkError                       the work itself failed
│   ├── ProcessFailedError
│   ├── BuildFailedError            with the last lines of the log and where the whole is
│   │   ├── BasePlatformError       its base is an image of another platform
│   │   ├── ForeignLayerError       a layer of its base lies in no registry
│   │   ├── BuildTooSlowError       it reached its `timeout`
│   │   │   └── BuildStalledError   it said nothing for its `stall-timeout`
│   │   ├── BaseUnreachableError    a registry of a base is down or busy: trying again may help
│   │   └── BaseLoginRefusedError   a registry of a base does not take the engine's login
│   ├── GitContextError             a repository that is a build context and cannot be had
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
│   ├── RunUnreadableError          the record of a run that is none
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
│   ├── PromotionRefusedError       what one environment has may not go to another
│   │   ├── NotProvenError          no record shows it proven, or only an old one
│   │   ├── SourcesDisagreeError    its repositories show different images
│   │   ├── OtherCommitError        it is not of the commit that the event is about
│   │   ├── NoIndexError            it is an image of one platform alone
│   │   └── PullRequestActError     a pull request changes nothing
│   ├── RunGoesOnError              a run that is to be undone is still at work
│   ├── OldImageGoneError           what a tag showed before is in no repository any more
│   ├── TagsLeftError               new tags of a run that is undone could not be taken away
│   ├── ImageNotWholeError          a part of what tags are to go to is nowhere
│   ├── RepositoryUnclearError      what its tags need cannot all be read, so nothing is pruned
│   ├── ListTagTakenError           the tag that a prune keeps its list under shows something else
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

from polyarch.errors.asked import (
    DetachedHeadError,
    DigestNotKeptError,
    EmptyOptionError,
    InvalidEventError,
    InvalidOverrideError,
    InvalidPlaceError,
    InvalidSwitchError,
    LocalPublishRefusedError,
    LonelyOptionError,
    NoPartsGivenError,
    NoWorkTreeError,
    PartialPublishError,
    SameNameError,
    SeveralPlatformsError,
    UnknownRevisionError,
    UsageError,
)
from polyarch.errors.base import (
    InterruptedByUserError,
    PolyarchError,
    shorten,
)
from polyarch.errors.build_secrets import BuildSecretError
from polyarch.errors.builders import BuilderLostError, StrategyUnmetError
from polyarch.errors.config import (
    ConfigError,
    ConfigExistsError,
    ConfigNotFoundError,
    ConfigUnreadableError,
    ContextNotFoundError,
    CredentialUnreadableError,
    DockerfileNotFoundError,
    EngineMisfitError,
    ImageCycleError,
    InvalidConfigError,
    InvalidLockError,
    InvalidPublishRuleError,
    InvalidRuleError,
    InvalidTagError,
    InvalidTemplateError,
    MissingVariableError,
    PlatformNotInBaseError,
    TagCollisionError,
    UnknownProfileError,
)
from polyarch.errors.content import (
    BlobNotFoundError,
    BlobUnreadableError,
    ContentError,
    DigestMismatchError,
    LayerBoundsError,
    LayerDamagedError,
    SizeMismatchError,
)
from polyarch.errors.files import (
    BakeFileError,
    BuildContextError,
    ComposeFileError,
    DockerfileError,
    DockerfileSyntaxError,
    DockerfileTooLargeError,
    DockerfileUnreadableError,
    EnvFileError,
    ExpansionError,
    ExpressionSyntaxError,
    FixRefusedError,
    IgnoreFileError,
    InstructionError,
    InterpolationError,
    PatternSyntaxError,
    StackError,
    StackUnreadableError,
    StageNotFoundError,
    YamlError,
)
from polyarch.errors.git_context import GitContextError
from polyarch.errors.host import (
    CallFailedError,
    CertificatesNotFoundError,
    EmulatorMissingError,
    EngineUnusableError,
    EventFileError,
    GitRefusedError,
    HostError,
    MachineRefusedError,
    NoEngineError,
    NotRunError,
    PortTakenError,
    ProgramNotFoundError,
    SandboxBusyError,
    SandboxStoppedError,
    StorageError,
    UnsupportedProxyError,
)
from polyarch.errors.limits import BuildStalledError, BuildTooSlowError
from polyarch.errors.missing import (
    ArchiveNotFoundError,
    ImageNotBuiltError,
    ImageNotNamedError,
    LayoutNotFoundError,
    LintFileNotFoundError,
    NothingSelectedError,
    NothingToImportError,
    NothingToLintError,
    NotInEngineError,
    ProgramFileError,
    TagNotThereError,
)
from polyarch.errors.moving import (
    ImageNotWholeError,
    NoMovingTagsError,
    NothingToUndoError,
    NotOfProjectError,
    OldImageGoneError,
    RunGoesOnError,
    TagsLeftError,
    VersionNotThereError,
)
from polyarch.errors.notices import (
    InvalidNoticeAddressError,
    NeedsUnreadableError,
    NoticeNotSentError,
)
from polyarch.errors.parts import (
    PartCommitError,
    PartConflictError,
    PartMissingError,
    PartNotHeldError,
    PartsError,
    PartUnknownError,
    PartUnplannedError,
    PartUnreadableError,
)
from polyarch.errors.promoting import (
    NoIndexError,
    NoTargetError,
    NotInSourceError,
    NotProvenError,
    OtherCommitError,
    PromotionRefusedError,
    PullRequestActError,
    SameEnvironmentError,
    SourcesDisagreeError,
)
from polyarch.errors.pruning import ListTagTakenError, RepositoryUnclearError
from polyarch.errors.publishing import (
    AdaptationNeededError,
    DeadlinePassedError,
    FewerPlatformsError,
    LockHeldError,
    NothingToKeepError,
    NotPublicError,
    PublishError,
    TagOvertakenError,
    TagRefusedError,
)
from polyarch.errors.recipe import (
    LaidFileError,
    PlaceholderSyntaxError,
    PlaceholderValueError,
    UnknownPlaceholderError,
    UserUnknownError,
)
from polyarch.errors.registry import (
    DeleteUnsupportedError,
    DeniedError,
    Exchange,
    ImmutableTagError,
    LoginRefusedError,
    ManifestNotFoundError,
    ManifestRefusedError,
    PreconditionFailedError,
    PushesRefusedError,
    RateLimitedError,
    RegistryError,
    RegistryUnavailableError,
    RepositoryNotFoundError,
    TlsError,
    UnexpectedAnswerError,
    UnsafeTargetError,
    UploadRefusedError,
)
from polyarch.errors.reserved import ReservedTagError, ReservedTagNamedError
from polyarch.errors.runs import (
    LogNotFoundError,
    NoRecordsError,
    NoRunStoreError,
    RunNotFoundError,
    RunUnreadableError,
    SeveralRunsError,
)
from polyarch.errors.spec import (
    InvalidDigestError,
    InvalidPlatformError,
    InvalidReferenceError,
    MalformedManifestError,
    SpecError,
)
from polyarch.errors.work import (
    AfterPublishError,
    BaseLoginRefusedError,
    BaseNotPublishedError,
    BasePlatformError,
    BaseUnreachableError,
    BuildFailedError,
    ExistingMisfitError,
    ForeignLayerError,
    GateFailedError,
    LoadedOtherwiseError,
    ProcessFailedError,
    SmokeTestFailedError,
    VerificationError,
    WorkError,
)

__all__ = [
    "AdaptationNeededError",
    "AfterPublishError",
    "ArchiveNotFoundError",
    "BakeFileError",
    "BaseLoginRefusedError",
    "BaseNotPublishedError",
    "BasePlatformError",
    "BaseUnreachableError",
    "BlobNotFoundError",
    "BlobUnreadableError",
    "BuildContextError",
    "BuildFailedError",
    "BuildSecretError",
    "BuildStalledError",
    "BuildTooSlowError",
    "BuilderLostError",
    "CallFailedError",
    "CertificatesNotFoundError",
    "ComposeFileError",
    "ConfigError",
    "ConfigExistsError",
    "ConfigNotFoundError",
    "ConfigUnreadableError",
    "ContentError",
    "ContextNotFoundError",
    "CredentialUnreadableError",
    "DeadlinePassedError",
    "DeleteUnsupportedError",
    "DeniedError",
    "DetachedHeadError",
    "DigestMismatchError",
    "DigestNotKeptError",
    "DockerfileError",
    "DockerfileNotFoundError",
    "DockerfileSyntaxError",
    "DockerfileTooLargeError",
    "DockerfileUnreadableError",
    "EmptyOptionError",
    "EmulatorMissingError",
    "EngineMisfitError",
    "EngineUnusableError",
    "EnvFileError",
    "EventFileError",
    "Exchange",
    "ExistingMisfitError",
    "ExpansionError",
    "ExpressionSyntaxError",
    "FewerPlatformsError",
    "FixRefusedError",
    "ForeignLayerError",
    "GateFailedError",
    "GitContextError",
    "GitRefusedError",
    "HostError",
    "IgnoreFileError",
    "ImageCycleError",
    "ImageNotBuiltError",
    "ImageNotNamedError",
    "ImageNotWholeError",
    "ImmutableTagError",
    "InstructionError",
    "InterpolationError",
    "InterruptedByUserError",
    "InvalidConfigError",
    "InvalidDigestError",
    "InvalidEventError",
    "InvalidLockError",
    "InvalidNoticeAddressError",
    "InvalidOverrideError",
    "InvalidPlaceError",
    "InvalidPlatformError",
    "InvalidPublishRuleError",
    "InvalidReferenceError",
    "InvalidRuleError",
    "InvalidSwitchError",
    "InvalidTagError",
    "InvalidTemplateError",
    "LaidFileError",
    "LayerBoundsError",
    "LayerDamagedError",
    "LayoutNotFoundError",
    "LintFileNotFoundError",
    "ListTagTakenError",
    "LoadedOtherwiseError",
    "LocalPublishRefusedError",
    "LockHeldError",
    "LogNotFoundError",
    "LoginRefusedError",
    "LonelyOptionError",
    "MachineRefusedError",
    "MalformedManifestError",
    "ManifestNotFoundError",
    "ManifestRefusedError",
    "MissingVariableError",
    "NeedsUnreadableError",
    "NoEngineError",
    "NoIndexError",
    "NoMovingTagsError",
    "NoPartsGivenError",
    "NoRecordsError",
    "NoRunStoreError",
    "NoTargetError",
    "NoWorkTreeError",
    "NotInEngineError",
    "NotInSourceError",
    "NotOfProjectError",
    "NotProvenError",
    "NotPublicError",
    "NotRunError",
    "NothingSelectedError",
    "NothingToImportError",
    "NothingToKeepError",
    "NothingToLintError",
    "NothingToUndoError",
    "NoticeNotSentError",
    "OldImageGoneError",
    "OtherCommitError",
    "PartCommitError",
    "PartConflictError",
    "PartMissingError",
    "PartNotHeldError",
    "PartUnknownError",
    "PartUnplannedError",
    "PartUnreadableError",
    "PartialPublishError",
    "PartsError",
    "PatternSyntaxError",
    "PlaceholderSyntaxError",
    "PlaceholderValueError",
    "PlatformNotInBaseError",
    "PolyarchError",
    "PortTakenError",
    "PreconditionFailedError",
    "ProcessFailedError",
    "ProgramFileError",
    "ProgramNotFoundError",
    "PromotionRefusedError",
    "PublishError",
    "PullRequestActError",
    "PushesRefusedError",
    "RateLimitedError",
    "RegistryError",
    "RegistryUnavailableError",
    "RepositoryNotFoundError",
    "RepositoryUnclearError",
    "ReservedTagError",
    "ReservedTagNamedError",
    "RunGoesOnError",
    "RunNotFoundError",
    "RunUnreadableError",
    "SameEnvironmentError",
    "SameNameError",
    "SandboxBusyError",
    "SandboxStoppedError",
    "SeveralPlatformsError",
    "SeveralRunsError",
    "SizeMismatchError",
    "SmokeTestFailedError",
    "SourcesDisagreeError",
    "SpecError",
    "StackError",
    "StackUnreadableError",
    "StageNotFoundError",
    "StorageError",
    "StrategyUnmetError",
    "TagCollisionError",
    "TagNotThereError",
    "TagOvertakenError",
    "TagRefusedError",
    "TagsLeftError",
    "TlsError",
    "UnexpectedAnswerError",
    "UnknownPlaceholderError",
    "UnknownProfileError",
    "UnknownRevisionError",
    "UnsafeTargetError",
    "UnsupportedProxyError",
    "UploadRefusedError",
    "UsageError",
    "UserUnknownError",
    "VerificationError",
    "VersionNotThereError",
    "WorkError",
    "YamlError",
    "shorten",
]
