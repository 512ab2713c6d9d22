from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.checks.structure import check_structure
from polyarch.checks.structure_census import take_census
from polyarch.content.memory import MemoryStore
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.errors import SpecError
from polyarch.findings import Report, Severity
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import encode
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import UNKNOWN, Platform
from tests.support.images import MadeImage, make_image, make_index
from tests.support.places import artifact_about, docker_list, document, with_attestations

AMD, ARM = Platform.parse("amd64"), Platform.parse("arm64")


def codes(store, index, planned=(AMD, ARM)) -> set[str]:
    return {f.code for f in check_structure(store, index, planned, subject="x").findings}


def test_an_honest_image_has_no_finding():
    made = make_index()
    report = check_structure(made.store, made.index, (AMD, ARM), subject="x")
    assert report.ok
    assert (report.platforms, report.findings) == (2, ())
    assert report.layers == 2
    assert report.bytes > 0


def test_nothing_checked_is_not_ok():
    assert not check_structure(MemoryStore(), ImageIndex.build([]), (), subject="x").ok


@pytest.mark.parametrize("says", ["amd64", "linux/arm64/v9", "windows/arm64"])
def test_a_config_that_says_another_platform(says):
    store = MemoryStore()
    lying = make_image(store, ARM, {"a": b"1"}, says=Platform.parse(says))
    assert codes(store, ImageIndex.build([lying]), (ARM,)) == {"platform-mismatch"}


def test_missing_twice_unplanned_unnamed():
    made = make_index()
    amd, arm = made.children
    assert codes(made.store, ImageIndex.build([amd])) == {"platform-missing"}
    assert codes(made.store, ImageIndex.build([amd, arm, arm])) == {"platform-twice"}
    assert codes(made.store, made.index, (AMD,)) == {"platform-unplanned"}
    unnamed = replace(arm, platform=None)
    found = codes(made.store, ImageIndex.build([amd, unnamed]))
    assert found == {"platform-unnamed", "platform-missing"}


def test_absent_and_damaged_content():
    made = make_index()
    assert codes(MemoryStore(), made.index) == {"manifest-missing"}

    class WithoutLayers(MemoryStore):
        def exists(self, descriptor):
            return "layer" not in descriptor.media_type and super().exists(descriptor)

    store = WithoutLayers()
    for name, blob in made.store._blobs.items():
        store._blobs[name] = blob
    assert codes(store, made.index) == {"layer-missing"}


def report_of(store: Fetcher, root: ImageIndex | ImageManifest) -> Report:
    return check_structure(store, root, subject="x")


def all_codes(store: Fetcher, root: ImageIndex | ImageManifest) -> set[str]:
    return {f.code for f in report_of(store, root).findings}


def changed(store: MemoryStore, node: Descriptor, **fields: Any) -> Descriptor:
    """A manifest or config with other fields, stored."""
    value = {**document(store, node), **fields}
    return store.add(node.media_type, encode({k: v for k, v in value.items() if v is not None}))


def with_config(store: MemoryStore, image: Descriptor, **fields: Any) -> Descriptor:
    """An image whose config has other fields."""
    manifest = document(store, image)
    config = Descriptor.parse(manifest["config"])
    other = changed(store, config, **fields)
    return changed(store, image, config=other.to_json()).with_platform(image.platform)


def raw_index(*children: Any) -> ImageIndex:
    """An index whose entries are written as they are."""
    value = {"schemaVersion": 2, "mediaType": mediatype.OCI_INDEX, "manifests": list(children)}
    return ImageIndex.parse(encode(value))


class TestWithoutAPlan:
    def test_any_honest_image(self):
        made = make_index(("linux/amd64", "linux/arm64", "linux/arm/v6", "linux/amd64/v3"))
        report = report_of(made.store, made.index)
        assert (report.findings, report.platforms) == ((), 4)
        docker = docker_list(made)
        assert report_of(docker.store, docker.index).findings == ()

    def test_one_image_alone(self):
        made = make_index()
        root = ImageManifest.parse(read_small(made.store, made.children[1]))
        report = report_of(made.store, root)
        assert [f.code for f in report.findings] == ["no-index"]
        assert report.findings[0].platform == ARM
        assert report.ok
        assert not report_of(MemoryStore(), root).ok

    def test_attestations_are_explained(self):
        made = with_attestations(make_index())
        report = report_of(made.store, made.index)
        [told] = report.findings
        assert told.code == "attestations"
        assert told.severity is Severity.INFO
        assert "linux/amd64, linux/arm64" in told.message
        assert report.platforms == 2

    def test_unknown_that_says_not_what_it_is(self):
        made = make_index()
        unknown = made.children[0].with_platform(UNKNOWN)
        index = ImageIndex.build([*made.children, unknown])
        report = report_of(made.store, index)
        assert {f.code for f in report.findings} == {"platform-unknown"}
        assert report.ok

    def test_a_stray_attestation_and_one_that_is_not_there(self):
        made = with_attestations(make_index())
        stray = ImageIndex.build(made.index.manifests[1:])
        assert "attestation-stray" in all_codes(made.store, stray)
        gone = MemoryStore()
        for digest, blob in made.store._blobs.items():
            if digest not in {each.digest for each in made.index.manifests[2:]}:
                gone._blobs[digest] = blob
        assert "attestation-missing" in all_codes(gone, made.index)

    def test_an_artifact_is_no_image(self):
        made = make_index()
        artifact = artifact_about(made.store, made.children[0])
        root = ImageManifest.parse(read_small(made.store, artifact))
        report = report_of(made.store, root)
        assert not report.ok
        assert {f.code for f in report.findings} >= {"not-an-image"}
        listed = replace(artifact, artifact_type="application/vnd.example")
        index = ImageIndex.build([*made.children, listed])
        assert all_codes(made.store, index) == {"child-not-an-image"}

    def test_nothing_at_all(self):
        report = report_of(MemoryStore(), ImageIndex.build([]))
        assert not report.ok


class TestVariants:
    def image(self, platform: str, says: str | None) -> tuple[MemoryStore, ImageIndex]:
        store = MemoryStore()
        child = make_image(store, Platform.parse(platform), {"a": b"1"})
        child = with_config(store, child, variant=says)
        return store, ImageIndex.build([child])

    @pytest.mark.parametrize(
        ("platform", "says", "found"),
        [
            ("linux/arm64", None, set()),
            ("linux/arm64", "v8", set()),
            ("linux/arm64/v8", None, set()),
            ("linux/amd64", "v1", set()),
            ("linux/amd64/v2", None, {"variant-unsaid"}),
            ("linux/arm/v6", None, {"variant-unsaid"}),
            ("linux/arm/v7", None, set()),
            ("linux/amd64", "v3", {"platform-mismatch"}),
            ("linux/arm/v6", "v7", {"platform-mismatch"}),
            ("linux/arm/v7", "v6", {"platform-mismatch"}),
            ("linux/arm64", "v9", {"platform-mismatch"}),
        ],
    )
    def test_what_the_config_says(self, platform, says, found):
        assert all_codes(*self.image(platform, says)) == found

    def test_arm_without_a_variant_is_told(self):
        made = make_index(("linux/arm/v7",))
        [child] = made.children
        entry = child.to_json()
        entry["platform"] = {"os": "linux", "architecture": "arm"}
        report = report_of(made.store, raw_index(entry))
        [told] = report.findings
        assert (told.code, told.severity) == ("arm-without-variant", Severity.INFO)

    def test_names_that_no_runtime_looks_for(self):
        made = make_index(("linux/amd64",))
        entry = made.children[0].to_json()
        entry["platform"] = {"os": "Linux", "architecture": "x86_64"}
        assert all_codes(made.store, raw_index(entry)) == {"platform-name"}

    def test_windows_versions(self):
        store = MemoryStore()
        child = make_image(store, Platform.parse("windows/amd64"), {"a": b"1"})
        child = with_config(store, child, **{"os.version": "10.0.1"})
        named = Platform.parse("windows/amd64")
        other = [replace(named, os_version=each) for each in ("10.0.1", "10.0.2")]
        index = ImageIndex.build([child.with_platform(each) for each in other])
        assert all_codes(store, index) == {"os-version-mismatch", "child-repeated"}


class TestNested:
    def nested(self, made: MadeImage) -> ImageIndex:
        stored = made.store.add(mediatype.OCI_INDEX, made.index.raw)
        return ImageIndex.build([stored])

    def test_images_of_nested_indexes_are_checked(self):
        made = make_index()
        report = report_of(made.store, self.nested(made))
        assert {f.code for f in report.findings} == {"index-nested"}
        assert report.platforms == 2

    def test_an_absent_one(self):
        made = make_index()
        report = report_of(MemoryStore(), self.nested(made))
        assert "index-missing" in {f.code for f in report.findings}
        assert not report.ok

    def test_one_that_stands_there_twice_is_opened_once(self):
        made = make_index()
        outer = self.nested(made)
        twice = ImageIndex.build([*outer.manifests, *outer.manifests])
        report = report_of(made.store, twice)
        assert {f.code for f in report.findings} == {"index-nested", "child-repeated"}
        assert report.platforms == 2

    def test_one_in_another_without_end(self):
        made = make_index()
        index = made.index
        for _ in range(20):
            index = ImageIndex.build([made.store.add(mediatype.OCI_INDEX, index.raw)])
        report = report_of(made.store, index)
        assert "index-too-deep" in {f.code for f in report.findings}
        assert not report.ok

    def test_more_than_any_image_has(self):
        store = MemoryStore()
        empty = [
            store.add(mediatype.OCI_INDEX, ImageIndex.build([], annotations={"n": str(number)}).raw)
            for number in range(200)
        ]
        assert "index-too-deep" in all_codes(store, ImageIndex.build(empty))


class TestWrongBytes:
    def test_a_child_of_another_size_or_digest(self):
        made = make_index()
        amd, arm = made.children
        longer = replace(arm, size=arm.size + 1)
        assert all_codes(made.store, ImageIndex.build([amd, longer])) == {"size-mismatch"}
        made.store._blobs[arm.digest] = made.store._blobs[arm.digest].replace(b"layers", b"Layers")
        assert all_codes(made.store, made.index) == {"digest-mismatch"}

    def test_a_manifest_that_is_none(self):
        made = make_index(("linux/amd64",))
        none = made.store.add(mediatype.OCI_MANIFEST, b"{}").with_platform(AMD)
        assert all_codes(made.store, ImageIndex.build([none])) == {"malformed"}

    def test_a_media_type_that_is_not_what_the_bytes_say(self):
        made = make_index(("linux/amd64",))
        docker = replace(made.children[0], media_type=mediatype.DOCKER_MANIFEST)
        assert all_codes(made.store, ImageIndex.build([docker])) == {"malformed"}

    def test_an_absent_config(self):
        made = make_index(("linux/amd64",))
        manifest = document(made.store, made.children[0])
        del made.store._blobs[Digest.parse(manifest["config"]["digest"])]
        assert all_codes(made.store, made.index) == {"config-missing"}

    def test_an_index_that_lost_some_children(self):
        made = make_index(("linux/amd64", "linux/arm64", "linux/s390x"))
        del made.store._blobs[made.children[2].digest]
        report = report_of(made.store, made.index)
        assert {f.code for f in report.findings} == {"manifest-missing", "index-sparse"}
        assert report.platforms == 2
        assert [f.platform for f in report.errors] == [made.children[2].platform]

    def test_layers_that_nothing_unpacks(self):
        made = make_index(("linux/amd64",))
        manifest = document(made.store, made.children[0])
        [layer] = manifest["layers"]
        odd = changed(made.store, made.children[0], layers=[{**layer, "mediaType": "text/plain"}])
        index = ImageIndex.build([odd.with_platform(AMD)])
        assert all_codes(made.store, index) == {"layer-type"}

    def test_layers_that_registries_do_not_have(self):
        made = make_index(("linux/amd64",))
        manifest = document(made.store, made.children[0])
        [layer] = manifest["layers"]
        del made.store._blobs[Digest.parse(layer["digest"])]
        foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
        odd = changed(made.store, made.children[0], layers=[{**layer, "mediaType": foreign}])
        index = ImageIndex.build([odd.with_platform(AMD)])
        assert all_codes(made.store, index) == {"layer-not-distributed"}

    def test_a_docker_list_of_oci_manifests(self):
        made = make_index()
        value = {
            "schemaVersion": 2,
            "mediaType": mediatype.DOCKER_LIST,
            "manifests": [child.to_json() for child in made.children],
        }
        assert all_codes(made.store, ImageIndex.parse(encode(value))) == {"media-types-mixed"}

    def test_diff_ids_that_are_too_few(self):
        made = make_index(("linux/amd64",))
        child = with_config(made.store, made.children[0], rootfs={"type": "layers"})
        assert all_codes(made.store, ImageIndex.build([child])) == {"layer-count"}


def test_one_image_for_two_platforms_is_a_lie():
    made = make_index(("linux/amd64",))
    [child] = made.children
    index = ImageIndex.build([child, child.with_platform(ARM)])
    report = report_of(made.store, index)
    assert {(f.code, f.platform) for f in report.errors} == {("platform-mismatch", ARM)}
    assert "child-repeated" in {f.code for f in report.findings}


class TestWhatAMachineTakes:
    @pytest.mark.parametrize(
        ("has", "wanted", "taken"),
        [
            (["linux/arm/v6", "linux/arm/v7"], "arm/v7", "linux/arm/v7"),
            (["linux/arm/v5", "linux/arm/v6"], "arm/v7", "linux/arm/v6"),
            (["linux/arm/v7"], "arm/v6", None),
            (["linux/amd64"], "amd64/v3", "linux/amd64"),
            (["linux/amd64/v2"], "amd64", None),
            (["linux/amd64"], "arm64", None),
        ],
    )
    def test_nearest(self, has, wanted, taken):
        made = make_index(has)
        census = take_census(made.store, made.index, subject="x")
        found = census.image_for(Platform.parse(wanted))
        assert (found and str(found.platform)) == taken


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda each: (
            st.lists(each, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "mediaType",
                        "digest",
                        "size",
                        "platform",
                        "os",
                        "architecture",
                        "variant",
                        "annotations",
                    ]
                ),
                each,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_hostile_children_are_told_or_refused(child):
    """Whatever an index names, it is an error of the specification or a finding."""
    try:
        index = raw_index(child)
    except SpecError:
        return
    check_structure(MemoryStore(), index, subject="x")
