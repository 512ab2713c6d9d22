"""Named contexts that are images in OCI layouts of this machine: `oci-layout://FOLDER:TAG`."""

from pathlib import Path

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import LayoutContext
from polyarch.errors import BuildContextError

SCHEME = "oci-layout://"

_FORM = "a layout of this project is named `oci-layout://FOLDER:TAG`, or with `@DIGEST` at its end"


def layout_context(text: str, root: Path) -> LayoutContext:
    """The image that a context names by tag or digest; the only one where it names none.

    Raises:
        BuildContextError: there is no layout, or not exactly one image that could be meant.
        MalformedManifestError: what is there is no layout.
    """
    path, at, digest = text.removeprefix(SCHEME).partition("@")
    folder, tag = (path, "") if at else _tagged(path)
    layout = root / folder
    if not layout.is_dir():
        raise BuildContextError(str(layout), "there is no such OCI layout", hint=_FORM)
    store = LayoutStore(layout)
    entries = store.entries()
    if digest:
        entries = tuple(each for each in entries if str(each.digest) == digest)
    elif tag:
        found = store.resolve(tag)
        entries = (found,) if found else ()
    if len(entries) != 1:
        held = "it holds several images" if entries else "it does not hold this image"
        raise BuildContextError(text, held, hint=_FORM)
    return LayoutContext(layout=layout, descriptor=entries[0].bare())


def _tagged(path: str) -> tuple[str, str]:
    head, colon, tag = path.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (path, "")
