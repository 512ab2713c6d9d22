"""What has to be looked at once a mended file is built: programs that are now cross-compiled."""

from collections.abc import Collection, Iterator

from polyarch.dockerfile.lint.view import FileView
from polyarch.dockerfile.words import plain_words


def outputs_of(view: FileView, stages: Collection[int]) -> tuple[str, ...]:
    """Where the image gets what these stages made, as written, in file order."""
    return tuple(dict.fromkeys(_places(view, stages)))


def _places(view: FileView, stages: Collection[int]) -> Iterator[str]:
    for stage in view.shipped:
        taken = {
            use.line
            for one in stage.resolved.values()
            for use in one.copies_from
            if use.origin.stage in stages and use.instruction == "COPY"
        }
        for copy in stage.body:
            if copy.first_line in taken and copy.name == "COPY":
                words = copy.json or [word.text for word in plain_words(copy.arguments.text)]
                yield words[-1]
