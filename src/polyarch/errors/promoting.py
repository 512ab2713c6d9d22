"""What keeps an image in its environment."""

from collections.abc import Mapping, Sequence

from polyarch.errors.asked import UsageError
from polyarch.errors.base import PolyarchError, shorten
from polyarch.errors.missing import NothingSelectedError
from polyarch.errors.publishing import PublishError


class PromotionRefusedError(PublishError):
    """What stands in one environment may not go to another."""

    code = "promotion-refused"


class NotProvenError(PromotionRefusedError):
    """No record shows that exactly this image was proven, or none that is young enough."""

    code = "not-proven"

    def __init__(self, image: str, reference: str, reason: str) -> None:
        super().__init__(
            f"`{image}` was not promoted: {reason}",
            where=reference,
            hint="`--prove` proves it now; what `polyarch publish` leaves on this machine, in"
            " `[runs] store` or beside the image (`[verify] attach`) counts too",
        )


class SourcesDisagreeError(PromotionRefusedError):
    """The repositories of an environment show different images under one tag."""

    code = "sources-disagree"

    def __init__(self, image: str, tag: str, shown: Mapping[str, str]) -> None:
        told = ", ".join(f"`{name}` {digest or 'nothing'}" for name, digest in shown.items())
        super().__init__(
            f"the repositories of `{image}` disagree about `{shorten(tag, 130)}`: {told}",
            where=", ".join(shown),
            hint="publish there again, or name one image by its digest: `--from-tag sha256:…`",
        )


class OtherCommitError(PromotionRefusedError):
    """What stands under the tag of an event was made from another commit."""

    code = "other-commit"

    def __init__(self, image: str, reference: str, *, stands: str, event: str) -> None:
        super().__init__(
            f"`{image}` was made from commit {shorten(stands, 12)}, and this event is about"
            f" {shorten(event, 12)}",
            where=reference,
            hint="publish this commit to that environment first, or name what is meant:"
            " `--from-tag TAG`",
        )


class NoIndexError(PromotionRefusedError):
    """What is to be promoted is an image of one platform, not an index."""

    code = "no-index"

    def __init__(self, image: str, reference: str) -> None:
        super().__init__(
            f"what stands there of `{image}` is no index, so polyarch has not published it",
            where=reference,
            hint=f"`polyarch copy {reference} DST` copies whatever it is",
        )


class PullRequestActError(PromotionRefusedError):
    """A pull request controls the config, so it changes nothing that is published."""

    code = "pull-request-act"

    def __init__(self, verb: str) -> None:
        super().__init__(
            f"this job is a pull request's, and `polyarch {verb}` changes what is published",
            where="the CI's event",
            hint="run it for a branch, a tag or a release, or from a machine of your own",
        )


class NotInSourceError(NothingSelectedError):
    """The environment that an image is to come from does not have it."""

    code = "not-in-source"

    def __init__(self, image: str, wanted: Sequence[str], repositories: Sequence[str]) -> None:
        names = ", ".join(f"`{shorten(each, 130)}`" for each in wanted)
        PolyarchError.__init__(
            self,
            f"none of {names} stands where `{image}` is to come from"
            if len(wanted) > 1
            else f"{names} does not stand where `{image}` is to come from",
            where=", ".join(repositories) or "it has no `repositories` there",
            hint="publish it there first, or name the tag or digest that it has: `--from-tag TAG`",
        )


class SameEnvironmentError(UsageError):
    """What an image would be promoted from is what it would be promoted to."""

    code = "same-environment"

    def __init__(self, source: str, target: str, *, image: str = "") -> None:
        what = f"`{image}` has the same `repositories` in both" if image else "both are the same"
        super().__init__(
            f"nothing can be promoted from `{source}` to `{target}`: {what}",
            where="`--from` and `--to` on the command line",
            hint="give each environment its own `repositories`, or move tags within one with"
            " `polyarch tag`",
        )


class NoTargetError(UsageError):
    """An image that is to be promoted has no repository where it is to go."""

    code = "no-target"

    def __init__(self, images: Sequence[str], environment: str, table: str) -> None:
        names = ", ".join(f"`{shorten(each, 60)}`" for each in images)
        has = "has" if len(images) == 1 else "have"
        where = f"environments.{table}." if table else "defaults."
        super().__init__(
            f"{names} {has} no `repositories` in `{environment}`, so there is no place to go to",
            where=f"polyarch.toml, {where}repositories or images.{images[0]}.repositories",
            hint="name its repositories there; `polyarch config show --env NAME` shows what counts",
        )
