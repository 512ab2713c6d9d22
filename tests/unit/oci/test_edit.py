import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.oci import annotation, mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.edit import with_platforms, without
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform

NAMES = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/s390x")


def image(platform: str, content: str, media_type: str = mediatype.OCI_MANIFEST) -> Descriptor:
    return Descriptor.of(media_type, content.encode()).with_platform(Platform.parse(platform))


def about(child: Descriptor) -> Descriptor:
    return replace(
        Descriptor.of(mediatype.OCI_MANIFEST, f"about {child.digest}".encode()),
        platform=Platform.parse("unknown/unknown"),
        annotations={
            annotation.DOCKER_REFERENCE_TYPE: annotation.ATTESTATION_MANIFEST,
            annotation.DOCKER_REFERENCE_DIGEST: str(child.digest),
        },
    )


def test_one_platform_is_replaced_where_it_stands_and_the_others_stay():
    old = ImageIndex.build([image(name, "old") for name in NAMES[:3]])
    new = ImageIndex.build([image("linux/arm64", "new")])
    merged = with_platforms(old, new)
    assert merged.manifests == (old.manifests[0], new.manifests[0], old.manifests[2])


def test_a_new_platform_comes_after_the_images_and_before_attestations():
    amd64, arm64 = image("linux/amd64", "a"), image("linux/arm64", "b")
    merged = with_platforms(
        ImageIndex.build([amd64, about(amd64)]), ImageIndex.build([arm64, about(arm64)])
    )
    assert merged.manifests == (amd64, arm64, about(amd64), about(arm64))


def test_attestations_of_a_replaced_image_go_with_it():
    old, new, other = image("linux/arm64", "old"), image("linux/arm64", "new"), image(NAMES[0], "x")
    standing = ImageIndex.build([other, old, about(other), about(old)])
    merged = with_platforms(standing, ImageIndex.build([new, about(new)]))
    assert merged.manifests == (other, new, about(other), about(new))


def test_a_stale_twin_of_a_platform_goes_too():
    """Other tools append by digest and leave two images of one platform."""
    stale, twin = image("linux/arm64", "stale"), image("linux/arm64", "twin")
    new = ImageIndex.build([image("linux/arm64", "new")])
    merged = with_platforms(ImageIndex.build([stale, image(NAMES[0], "x"), twin]), new)
    assert [child.digest for child in merged.manifests] == [
        new.manifests[0].digest, image(NAMES[0], "x").digest,
    ]  # fmt: skip


def test_what_polyarch_does_not_know_is_kept():
    value = json.loads(ImageIndex.build([image("linux/amd64", "x")]).raw)
    value |= {"annotations": {"a": "b"}, "com.example.more": [1, 2]}
    value["manifests"][0]["com.example.field"] = {"kept": True}
    merged = with_platforms(
        ImageIndex.parse(json.dumps(value).encode()), ImageIndex.build([image(NAMES[1], "y")])
    )
    found = json.loads(merged.raw)
    assert found["com.example.more"] == [1, 2]
    assert found["annotations"] == {"a": "b"}
    assert found["manifests"][0]["com.example.field"] == {"kept": True}


@pytest.mark.parametrize(
    ("child", "expected"),
    [
        (mediatype.OCI_MANIFEST, mediatype.OCI_INDEX),
        (mediatype.DOCKER_MANIFEST, mediatype.DOCKER_LIST),
    ],
)
def test_a_docker_list_never_holds_oci_children(child: str, expected: str):
    value = json.loads(ImageIndex.build([image(NAMES[0], "x", mediatype.DOCKER_MANIFEST)]).raw)
    value["mediaType"] = mediatype.DOCKER_LIST
    ours = ImageIndex.build([image(NAMES[1], "y", child)])
    merged = with_platforms(ImageIndex.parse(json.dumps(value).encode()), ours)
    assert merged.descriptor.media_type == expected


indexes = st.lists(st.tuples(st.sampled_from(NAMES), st.text("ab", max_size=2)), max_size=6).map(
    lambda pairs: ImageIndex.build([image(name, f"{name}{text}") for name, text in pairs])
)


@given(standing=indexes, ours=indexes)
def test_every_platform_of_both_is_there_and_ours_wins(standing: ImageIndex, ours: ImageIndex):
    ours = ImageIndex.build({child.platform: child for child in ours.manifests}.values())
    merged = with_platforms(standing, ours)
    assert set(merged.platforms) == set(standing.platforms) | set(ours.platforms)
    assert set(ours.manifests) <= set(merged.manifests)
    kept = [child for child in standing.manifests if child.platform not in ours.platforms]
    assert [child for child in merged.manifests if child.platform not in ours.platforms] == kept
    assert with_platforms(merged, ours).raw == merged.raw


def test_children_can_be_left_out():
    index = ImageIndex.build([image(name, "x") for name in NAMES[:3]], annotations={"a": "b"})
    less = without(index, frozenset({index.manifests[1]}))
    assert less.manifests == (index.manifests[0], index.manifests[2])
    assert less.annotations == {"a": "b"}
