"""An image as a person wants to see it."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from polyarch.cli.console import table
from polyarch.cli.text import size
from polyarch.errors import shorten
from polyarch.oci.digest import Digest
from polyarch.pipeline.inspection import Artifact, Child, Inspection

_LONGEST = 500


def inspection_view(found: Inspection) -> RenderableType:
    """An index and its children, what is about them, and how to pull each."""
    kind = "index" if found.is_index else "image"
    heading = Text.assemble((str(found.place), "bold"), (f"  {kind} {found.root.digest}", "dim"))
    drawn: list[RenderableType] = [heading, Text(), _children(found.children)]
    if len(found.images) == 1:
        drawn += [Text(), _layers(found.images[0])]
    for title, lines in _sections(found):
        drawn += [Text(), Text(title, style="bold"), *lines]
    return Group(*drawn)


def _children(children: Sequence[Child]) -> Table:
    made = table("platform", "digest", "size", "layers", "created", "base")
    names = {str(child.descriptor.digest): child.name for child in children if child.platform}
    for child in children:
        digest = str(child.descriptor.digest)
        if child.about is not None:
            about = names.get(child.about) or _short(child.about) or "nothing that is named"
            what = Text("attestation", style="dim")
            made.add_row(what, digest, "", "", "", Text(f"about {about}", style="dim"))
        elif child.problem:
            problem = Text(shorten(child.problem), style="yellow")
            made.add_row(child.name, digest, "", "", "", problem)
        else:
            base = shorten(child.base or _short(child.base_digest))
            layers, created = _counted(child), shorten(child.created, 40)
            made.add_row(child.name, digest, size(child.layer_bytes), layers, created, base)
    return made


def _layers(child: Child) -> Table:
    """The layers of the one image that is shown, base first."""
    made = table("layer", "size", "form", "shared with")
    for layer in child.layers:
        form = layer.blob.media_type.rpartition(".")[2]
        shared = ", ".join(layer.shared_with)
        made.add_row(str(layer.blob.digest), size(layer.blob.size), form, shared)
    return made


def _sections(found: Inspection) -> Iterator[tuple[str, list[Text]]]:
    """What is there beside the images; empty sections are left out."""
    for title, texts in (
        ("annotations", _pairs(found.annotations)),
        ("annotations of children", _by_child({c.name: c.annotations for c in found.images})),
        ("labels", _by_child({child.name: child.labels for child in found.images})),
        ("attestations", _attestations(found)),
        ("referrers", _referrers(found)),
        ("notes", list(found.notes)),
        ("pull", [found.pull(child) for child in found.images]),
    ):
        if texts:
            yield title, [Text(f"  {shorten(text, _LONGEST)}", style="dim") for text in texts]


def _pairs(values: Mapping[str, str]) -> list[str]:
    return [f"{key}: {value}" for key, value in values.items()]


def _by_child(values: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What all images have in common once, what differs with the platform before it."""
    sets = [set(each.items()) for each in values.values()]
    common = set.intersection(*sets) if sets else set()
    first = next(iter(values.values()), {})
    shared = [f"{key}: {value}" for key, value in first.items() if (key, value) in common]
    own = [
        f"{name}: {key}: {value}"
        for name, each in values.items()
        for key, value in each.items()
        if (key, value) not in common
    ]
    return shared + own


def _attestations(found: Inspection) -> list[str]:
    names = {str(child.descriptor.digest): child.name for child in found.images}
    return [
        f"{names.get(child.about, 'nothing here')}: {', '.join(child.holds) or child.problem}"
        for child in found.children
        if child.about is not None
    ]


def _referrers(found: Inspection) -> list[str]:
    names = {child.descriptor.digest: child.name for child in found.images}
    if found.is_index:
        names[found.root.digest] = "index"
    return [line for each in found.referrers for line in _referrer(names, each)]


def _referrer(names: Mapping[Digest, str], artifact: Artifact) -> Iterator[str]:
    """What it is, and below that which tag was put back to what it refers to."""
    kind = artifact.kind or "artifact"
    yield f"{_of(names, artifact.subject)}: {kind} {artifact.digest}"
    if artifact.hold:
        yield f"  `{artifact.hold.tag}` {artifact.hold.told}"


def _of(names: Mapping[Digest, str], subject: Digest) -> str:
    return names.get(subject, f"{subject.algorithm}:{subject.short}")


def _counted(child: Child) -> str:
    shared = sum(bool(layer.shared_with) for layer in child.layers)
    return f"{len(child.layers)}, {shared} shared" if shared else str(len(child.layers))


def _short(digest: str) -> str:
    algorithm, colon, encoded = digest.partition(":")
    return f"{algorithm}{colon}{encoded[:12]}"
