"""A Dockerfile whose images are named by digest: the same lines, so that errors keep their places.

Named contexts could stand for the same images, and would cost more than they give: BuildKit writes
the layers of such a base anew, and a stage of the same name would be replaced as well.
"""

from collections.abc import Iterator, Mapping

from polyarch.dockerfile.fix.edit import Edit, apply
from polyarch.dockerfile.graph import ExternalReference, StageGraph, external_images
from polyarch.dockerfile.tree import Dockerfile


def pinned_text(dockerfile: Dockerfile, graph: StageGraph, pins: Mapping[str, str]) -> str:
    """The text with `pins` in the place of names of images; `graph` is of the same text.

    A name that stands in no plain form is left as it is.
    """
    edits = {edit.span: edit for edit in _edits(dockerfile.text, graph, pins)}
    return apply(dockerfile.text, edits.values())


def _edits(text: str, graph: StageGraph, pins: Mapping[str, str]) -> Iterator[Edit]:
    for reference in external_images(graph):
        pin = pins.get(reference.text)
        if pin and (written := _written(reference, reference.span.of(text), pin)):
            yield Edit(reference.span, written)


def _written(reference: ExternalReference, found: str, pin: str) -> str:
    """What takes the place of a name in FROM, or of a whole flag; empty where it is not plain."""
    if reference.instruction == "FROM":
        return pin
    named = f"from={reference.text}"
    return found.replace(named, f"from={pin}") if found.count(named) == 1 else ""
