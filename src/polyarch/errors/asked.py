"""What the command line asks for and cannot be."""

from collections.abc import Sequence

from polyarch.errors.base import PolyarchError, shorten


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
