"""Which exit code each error means, and which is the worst of several."""

from collections.abc import Iterable
from enum import IntEnum

from polyarch import errors


class ExitCode(IntEnum):
    """What a script may rely on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOTHING_SELECTED = 3
    ENVIRONMENT = 4
    TROUBLE = 5
    PARTLY_PUBLISHED = 6
    REFUSED = 7
    BUG = 70
    INTERRUPTED = 130


WORST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.BUG,
    ExitCode.PARTLY_PUBLISHED,
    ExitCode.REFUSED,
    ExitCode.TROUBLE,
    ExitCode.ENVIRONMENT,
    ExitCode.FAILED,
    ExitCode.NOTHING_SELECTED,
    ExitCode.USAGE,
    ExitCode.DONE,
)

EXIT_CODES: dict[type[errors.PolyarchError], ExitCode] = {
    errors.SpecError: ExitCode.USAGE,
    errors.MalformedManifestError: ExitCode.FAILED,
    errors.UsageError: ExitCode.USAGE,
    errors.ConfigError: ExitCode.USAGE,
    errors.NothingSelectedError: ExitCode.NOTHING_SELECTED,
    errors.HostError: ExitCode.ENVIRONMENT,
    errors.WorkError: ExitCode.FAILED,
    errors.BaseUnreachableError: ExitCode.TROUBLE,
    errors.BaseLoginRefusedError: ExitCode.REFUSED,
    errors.GitContextError: ExitCode.TROUBLE,
    errors.RegistryError: ExitCode.TROUBLE,
    errors.LoginRefusedError: ExitCode.REFUSED,
    errors.DeniedError: ExitCode.REFUSED,
    errors.ImmutableTagError: ExitCode.REFUSED,
    errors.ManifestRefusedError: ExitCode.REFUSED,
    errors.PushesRefusedError: ExitCode.REFUSED,
    errors.UploadRefusedError: ExitCode.REFUSED,
    errors.DeleteUnsupportedError: ExitCode.REFUSED,
    errors.UnsafeTargetError: ExitCode.REFUSED,
    errors.ManifestNotFoundError: ExitCode.NOTHING_SELECTED,
    errors.RepositoryNotFoundError: ExitCode.NOTHING_SELECTED,
    errors.PublishError: ExitCode.TROUBLE,
    errors.TagRefusedError: ExitCode.REFUSED,
    errors.FewerPlatformsError: ExitCode.REFUSED,
    errors.NothingToKeepError: ExitCode.REFUSED,
    errors.AdaptationNeededError: ExitCode.REFUSED,
    errors.NotPublicError: ExitCode.REFUSED,
    errors.RepositoryUnclearError: ExitCode.FAILED,
    errors.ListTagTakenError: ExitCode.FAILED,
    errors.PromotionRefusedError: ExitCode.REFUSED,
    errors.OldImageGoneError: ExitCode.REFUSED,
    errors.TagsLeftError: ExitCode.PARTLY_PUBLISHED,
    errors.ImageNotWholeError: ExitCode.REFUSED,
    errors.ContentError: ExitCode.FAILED,
    errors.InterruptedByUserError: ExitCode.INTERRUPTED,
}
"""The nearest class in an error's ancestry counts; a test fails when one has none."""


def exit_code(error: errors.PolyarchError) -> ExitCode:
    """The code of an error by its class."""
    for ancestor in type(error).__mro__:
        if code := EXIT_CODES.get(ancestor):
            return code
    return ExitCode.BUG


def refusal_code(error: errors.PolyarchError) -> ExitCode:
    """The code of an error at a place that is published to: what does not exist refuses."""
    code = exit_code(error)
    return ExitCode.REFUSED if code is ExitCode.NOTHING_SELECTED else code


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The code to end with when several things have one each."""
    found = set(codes)
    return next((code for code in WORST_FIRST if code in found), ExitCode.DONE)
