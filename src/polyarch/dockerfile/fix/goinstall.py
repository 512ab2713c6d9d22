"""`go install` of the project's own program, which cross-compiling would put elsewhere.

For another platform it lands in `bin/<os>_<arch>` of GOPATH, and GOBIN is refused; `go build -o`
puts it where the next stage looks for it.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from polyarch.dockerfile.fix.change import Work
from polyarch.dockerfile.fix.commands import Site
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.outputs import transfers
from polyarch.dockerfile.lint.view import StageView
from polyarch.dockerfile.source import Span
from polyarch.errors import FixRefusedError

_LOCAL = ("./", "../")


def is_local_install(site: Site) -> bool:
    """Whether it installs a package of the project: one whose path begins with a dot."""
    return site.is_called("go", "install") and any(
        word in {".", ".."} or word.startswith(_LOCAL) for word in site.command.arguments[1:]
    )


def built_instead(site: Site, stage: StageView, work: Work) -> Iterator[Edit]:
    """`go build -o PLACE` for `go install`, where one place in a later COPY tells it.

    Raises:
        FixRefusedError: no COPY names the program's file.
    """
    if not is_local_install(site):
        return
    package = next(
        word for word in site.command.arguments[1:] if word == "." or word.startswith(_LOCAL)
    )
    name = PurePosixPath(package).name
    taken = transfers(work.view).of(stage)
    places = {one.path for one in taken if PurePosixPath(one.path).name == name}
    bins = {place for place in places if PurePosixPath(place).parent.name == "bin"}
    if len(bins) != 1 or package.endswith("...") or "-o" in site.command.arguments:
        raise FixRefusedError("`go install` puts the program elsewhere when it cross-compiles")
    word = site.command.words[1]
    if not word.is_contiguous:
        raise FixRefusedError("a word is broken by a continuation")
    yield Edit(Span(word.span.start, word.span.end), f"build -o {bins.pop()}")
