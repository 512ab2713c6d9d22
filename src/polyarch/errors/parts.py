"""Parts of other machines that are not what is to be published."""

from collections.abc import Sequence

from polyarch.errors.base import shorten
from polyarch.errors.work import WorkError


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
