from collections.abc import Collection, Mapping

from polyarch.checks.structure import check_structure
from polyarch.content.graph import copy_graph
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.oci.config import ImageConfig
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.pipeline.relabel import Dress, relabelled
from tests.support.images import make_index

WHEN = "2026-01-02T03:04:05Z"


def dress(
    labels: Mapping[str, str], annotations: Mapping[str, str], without: Collection[str] = ()
) -> Dress:
    return Dress(labels=labels, created=WHEN, annotations=annotations, without=without)


def test_new_labels_on_the_same_layers(tmp_path):
    made = make_index(["linux/arm64"])
    layout = LayoutStore(tmp_path)
    copy_graph(made.store, layout, made.children[0])
    new = relabelled(layout, made.children[0], dress({"revision": "2"}, {"note": "x"}))
    before = ImageManifest.parse(read_small(layout, made.children[0]))
    after = ImageManifest.parse(read_small(layout, new))
    assert after.layers == before.layers
    assert after.annotations == {"note": "x"}
    assert ImageConfig.parse(read_small(layout, after.config)).labels == {"revision": "2"}
    assert new.platform == made.children[0].platform
    index = ImageIndex.build([new])
    assert check_structure(layout, index, index.platforms, subject="x").ok


def test_what_holds_already_is_left_alone(tmp_path):
    made = make_index(["linux/arm64"])
    layout = LayoutStore(tmp_path)
    copy_graph(made.store, layout, made.children[0])
    once = relabelled(layout, made.children[0], dress({"revision": "2"}, {}))
    assert relabelled(layout, once, dress({"revision": "2"}, {})) == once
    assert relabelled(layout, made.children[0], dress({}, {})) == made.children[0]


def test_dressing_anew_leaves_nothing_of_the_last_dress(tmp_path):
    """A part is dressed from what the engine built, so a reused one equals a fresh one."""
    made = make_index(["linux/arm64"])
    layout = LayoutStore(tmp_path)
    copy_graph(made.store, layout, made.children[0])
    relabelled(layout, made.children[0], dress({"version": "1.2"}, {"note": "old"}))
    again = relabelled(layout, made.children[0], dress({"revision": "2"}, {}))
    manifest = ImageManifest.parse(read_small(layout, again))
    assert dict(manifest.annotations) == {}
    assert ImageConfig.parse(read_small(layout, manifest.config)).labels == {"revision": "2"}


def test_what_spoke_of_the_base_goes_unless_it_is_said_anew(tmp_path):
    made = make_index(["linux/arm64"])
    layout = LayoutStore(tmp_path)
    copy_graph(made.store, layout, made.children[0])
    base = {"title": "base", "version": "22.04", "vendor": "V"}
    built = relabelled(layout, made.children[0], dress(base, {}))
    child = relabelled(layout, built, dress({"title": "app"}, {}, ("title", "version")))
    manifest = ImageManifest.parse(read_small(layout, child))
    labels = ImageConfig.parse(read_small(layout, manifest.config)).labels
    assert labels == {"title": "app", "vendor": "V"}


def test_what_an_engine_annotated_follows_the_labels(tmp_path):
    made = make_index(["linux/arm64"])
    layout = LayoutStore(tmp_path)
    copy_graph(made.store, layout, made.children[0])
    built = relabelled(layout, made.children[0], dress({}, {"base": "old", "own": "x"}))
    child = relabelled(layout, built, dress({"base": "new"}, {}))
    manifest = ImageManifest.parse(read_small(layout, child))
    assert dict(manifest.annotations) == {"base": "new", "own": "x"}
