"""What has to be looked at once a mended file is built: programs that are now cross-compiled."""

import posixpath
from collections.abc import Collection, Iterator

from polyarch.dockerfile.lint.neutral import is_neutral
from polyarch.dockerfile.lint.outputs import transfers
from polyarch.dockerfile.lint.view import FileView


def outputs_of(view: FileView, stages: Collection[int]) -> tuple[str, ...]:
    """Where the image gets what these stages made, in file order; a last slash is a folder."""
    return tuple(dict.fromkeys(_places(view, stages))) if stages else ()


def _places(view: FileView, stages: Collection[int]) -> Iterator[str]:
    given = transfers(view).given
    lines = view.file.text.split("\n")
    for index in sorted(stages):
        for output in given.get(index, ()):
            is_image = view.stages[output.receiver].is_shipped
            if is_image and not output.is_mount and not is_neutral(output.path):
                name = posixpath.basename(output.path)
                is_tree = f"/{name}/ " in lines[output.line - 1]  # its contents, then
                into = output.destination.endswith("/") and not is_tree
                yield output.destination + name if into else output.destination
