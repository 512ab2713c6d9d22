"""What was named and is not there."""

from collections.abc import Sequence

from polyarch.errors.base import PolyarchError, shorten


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


class LintFileNotFoundError(NothingSelectedError):
    """A file to be judged that is not there."""

    code = "lint-file-not-found"

    def __init__(self, file: str) -> None:
        PolyarchError.__init__(
            self,
            f"there is no file `{shorten(file)}`",
            where=file,
            hint="name a file, a folder to be searched, or `-` for standard input",
        )


class NothingToImportError(NothingSelectedError):
    """A file, or a folder, in which no image can be seen that is built."""

    code = "nothing-to-import"

    def __init__(self, place: str, told: str) -> None:
        PolyarchError.__init__(
            self,
            f"no image can be seen that is built in `{shorten(place)}`",
            where=place,
            hint=shorten(told, 300),
        )


class NothingToLintError(NothingSelectedError):
    """A folder in which there is nothing that could be judged."""

    code = "nothing-to-lint"

    def __init__(self, folder: str) -> None:
        PolyarchError.__init__(
            self,
            f"nothing to look at in `{shorten(folder)}`: no Dockerfile, compose file, bake file or"
            " workflow",
            where=folder,
            hint="name the files themselves, whatever they are called",
        )
