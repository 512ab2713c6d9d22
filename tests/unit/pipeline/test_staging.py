"""Which repository gets which manifest of a part."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from polyarch.config.load import load_text
from polyarch.content.filling import FillingStore
from polyarch.content.layout import LayoutStore
from polyarch.errors import AdaptationNeededError
from polyarch.findings import Report
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.assemble import assemble_index
from polyarch.pipeline.build import BuiltPart
from polyarch.pipeline.job import ProvenImage
from polyarch.pipeline.part import Part
from polyarch.pipeline.plan import ImagePlan
from polyarch.pipeline.proof import ImageProof
from polyarch.pipeline.staging import takers_of
from polyarch.registry.client import RegistryClient

AMD = Platform.parse("linux/amd64")
ACR = Repository.parse("registry.cn-hangzhou.aliyuncs.com/team/app")
HUB = Repository.parse("docker.io/team/app")


@dataclass
class Attested:
    """An image with one attestation in the form that some registries refuse."""

    image: ProvenImage
    part: Part

    def takers(self, *places: Repository, policy: str = "same") -> list[tuple[str, list[str]]]:
        text = f'[images.app]\nplatforms = ["linux/amd64"]\ndigest-policy = "{policy}"\n'
        settings = load_text(text).images["app"]
        found = takers_of(self.image, self.part, places, RegistryClient(), settings)
        return [(root.media_type, [str(each) for each in takers]) for root, takers in found]


@pytest.fixture
def attested(tmp_path: Path) -> Attested:
    return made(tmp_path, empty_config=True)


def made(tmp_path: Path, *, empty_config: bool) -> Attested:
    layout = LayoutStore(tmp_path)
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}
    own = layout.add(mediatype.OCI_CONFIG, json.dumps(config).encode())
    empty = layout.add(mediatype.EMPTY, b"{}")
    image = kept(layout, ImageManifest.build(config=own, layers=[]))
    about = kept(
        layout,
        ImageManifest.build(
            config=empty if empty_config else own,
            layers=[layout.add("application/vnd.in-toto+json", b"{}")],
        ),
    )
    part = Part(
        image="app",
        platform=AMD,
        manifest=replace(image, platform=AMD),
        built=image,
        attestations=(about,),
        sources=(),
        input_key="",
        revision="",
    )
    plan = ImagePlan(
        name="app", publish=True, reason="", depends_on=(), platforms=(), version=None,
        tags=(), labels={}, index_annotations={}, manifest_annotations={},
        descriptor_annotations={}, destinations=(),
    )  # fmt: skip
    index = assemble_index([part], [AMD], {})
    proven = ProvenImage(
        plan=plan,
        index=index,
        parts=(BuiltPart(part=part, reused=False),),
        source=FillingStore(layout, ()),
        proof=ImageProof(
            name="app", digest=index.descriptor.digest, structure=Report(subject="app", platforms=1)
        ),
    )
    return Attested(image=proven, part=part)


def kept(layout: LayoutStore, manifest: ImageManifest) -> Descriptor:
    layout.add(manifest.descriptor.media_type, manifest.raw)
    return manifest.descriptor


def test_any_takes_attestations_with_a_config_of_their_own(tmp_path: Path):
    both = [str(ACR), str(HUB)]
    found = made(tmp_path, empty_config=False).takers(ACR, HUB)
    assert [takers for _, takers in found] == [both, both]


def test_one_that_takes_all(attested: Attested):
    assert [takers for _, takers in attested.takers(HUB)] == [[str(HUB)]] * 2


def test_one_that_refuses_attestations_gets_the_image_alone(attested: Attested):
    found = attested.takers(ACR, HUB, policy="per-registry")
    assert [takers for _, takers in found] == [[str(ACR), str(HUB)], [str(HUB)]]


def test_with_one_digest_for_all_it_is_told_before_anything_is_sent(attested: Attested):
    with pytest.raises(AdaptationNeededError) as raised:
        attested.takers(HUB, ACR)
    assert raised.value.where == str(ACR)


def test_somebody_must_hold_the_attestations(attested: Attested):
    with pytest.raises(AdaptationNeededError):
        attested.takers(ACR, policy="per-registry")
