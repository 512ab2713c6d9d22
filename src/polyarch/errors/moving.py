"""Published images that could not be moved, or not back."""

from collections.abc import Sequence

from polyarch.errors.base import PolyarchError, shorten
from polyarch.errors.missing import NothingSelectedError
from polyarch.errors.publishing import PublishError


class VersionNotThereError(NothingSelectedError):
    """A repository has not the version, or digest, to which tags are to go."""

    code = "version-not-there"

    def __init__(
        self, image: str, reference: str, held_by: Sequence[str] = (), known: Sequence[str] = ()
    ) -> None:
        others = ", ".join(f"`{each}`" for each in held_by)
        copy = f"`polyarch copy {held_by[0]} {reference}` brings it there" if held_by else ""
        without = "`--on-registry-failure continue` goes on without this registry"
        PolyarchError.__init__(
            self,
            f"`{reference}` is not there" + (f"; it stands in {others}" if others else ""),
            where=f"image `{shorten(image)}`",
            hint=f"{copy}; {without}" if copy else _hint_of(known),
        )


def _hint_of(known: Sequence[str]) -> str:
    versions = ", ".join(f"`{shorten(each, 60)}`" for each in known)
    newest = f"; the newest there: {versions}" if versions else ""
    return f"name a version that is published there{newest}"


class NoMovingTagsError(NothingSelectedError):
    """The rules of an image do not say which tags go along with a version."""

    code = "no-moving-tags"

    def __init__(self, image: str, version: str, reason: str) -> None:
        PolyarchError.__init__(
            self,
            f"which tags go to `{shorten(version)}` is not known: {reason}",
            where=f"`tags` of image `{shorten(image)}`",
            hint="name them: `--tag latest --tag 1.2`",
        )


class NotOfProjectError(NothingSelectedError):
    """A repository into which the project publishes no image."""

    code = "not-of-project"

    def __init__(self, repository: str, known: Sequence[str]) -> None:
        names = ", ".join(f"`{each}`" for each in known[:8]) or "none"
        PolyarchError.__init__(
            self,
            f"no image of this project is published to `{repository}`",
            where="the command line",
            hint=f"its repositories: {names}; `--everywhere` needs one of them",
        )


class NothingToUndoError(NothingSelectedError):
    """A run that has moved no tag."""

    code = "nothing-to-undo"

    def __init__(self, run: str, reason: str) -> None:
        PolyarchError.__init__(
            self,
            f"run `{shorten(run)}` cannot be undone: {reason}",
            where=f"run {shorten(run)}",
            hint="`polyarch runs` lists what other runs did",
        )


class RunGoesOnError(PublishError):
    """A run that is to be undone and has not ended."""

    code = "run-goes-on"
    retryable = True

    def __init__(self, run: str) -> None:
        super().__init__(
            f"run `{shorten(run)}` is still at work",
            where=f"run {shorten(run)}",
            hint="wait for its end, or end it: it puts back itself what it has moved",
        )


class OldImageGoneError(PublishError):
    """What stood under a tag is in no repository any more."""

    code = "old-image-gone"

    def __init__(self, tag: str, digest: str) -> None:
        super().__init__(
            f"`{tag}` showed `{digest}`, which no repository of its image holds any more",
            where=tag,
            hint="`polyarch rollback` moves tags to a version that is there; or publish it again",
        )


class TagsLeftError(PublishError):
    """Tags that were new to a run that is undone, and that could not be taken away."""

    code = "tags-left"

    def __init__(self, repository: str, tags: Sequence[str], reasons: Sequence[str]) -> None:
        names = ", ".join(f"`{each}`" for each in tags)
        many = len(tags) > 1
        super().__init__(
            f"{names} {'were' if many else 'was'} new and {'stay' if many else 'stays'} in"
            f" `{repository}`: {'; '.join(reasons)}",
            where=repository,
            hint="all else is as it was before; when that has changed run the same again, which"
            " takes away what is left, or delete the tags by the registry's own means",
        )


class ImageNotWholeError(PublishError):
    """An image to which tags are to go, and of which a part is nowhere."""

    code = "image-not-whole"

    def __init__(self, root: str, child: str, places: Sequence[str]) -> None:
        super().__init__(
            f"`{root}` is not whole: no repository of its image holds `{child}`",
            where=", ".join(places),
            hint="let the tags go to another version, or publish this one again",
        )
