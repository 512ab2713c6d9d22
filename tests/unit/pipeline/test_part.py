import json
from dataclasses import replace

import pytest
from hypothesis import given

from polyarch.errors import SpecError
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.part import Part, PartBase, PartsFolder, Proof
from tests.support.images import make_index
from tests.support.strategies import json_values

PLATFORM = Platform.parse("linux/arm/v7")
PART = Part(
    image="server",
    platform=PLATFORM,
    manifest=make_index(["linux/arm/v7"]).children[0],
    built=make_index(["linux/arm/v7"]).children[0],
    sources=("oci:linux-arm-v7", "docker.io/library/debian@sha256:" + "0" * 64),
    input_key="sha256:" + "1" * 64,
    revision="0123456789abcdef",
    ci_run=None,
    base=PartBase(name="docker.io/library/debian:13", digest="sha256:" + "3" * 64),
    inherited=("org.opencontainers.image.version",),
    proofs=(Proof(subject="sha256:" + "2" * 64, level="structure", how="native"),),
)


def test_a_part_survives_its_file(tmp_path):
    folder = PartsFolder(root=tmp_path)
    path = folder.write(PART)
    assert path == tmp_path / "server" / "linux-arm-v7.json"
    assert folder.layout("server", PLATFORM) == tmp_path / "server" / "linux-arm-v7"
    assert folder.read("server", PLATFORM) == PART
    document = json.loads(path.read_text())
    assert document["schema"] == "polyarch.part/v1"
    assert document["ci_run"] is None


@pytest.mark.parametrize("base", [None, PartBase(), PartBase(name="a/b:1")])
def test_what_is_not_known_of_a_base_stays_so(tmp_path, base):
    folder = PartsFolder(root=tmp_path)
    folder.write(replace(PART, base=base, inherited=()))
    found = folder.read("server", PLATFORM)
    assert found is not None
    assert (found.base, found.inherited) == (base, ())


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"schema":"polyarch.part/v1"}', b"\xff"])
def test_a_damaged_record_is_no_part(tmp_path, damage):
    folder = PartsFolder(root=tmp_path)
    folder.write(PART).write_bytes(damage)
    assert folder.read("server", PLATFORM) is None


def test_a_record_under_another_name_is_no_part(tmp_path):
    folder = PartsFolder(root=tmp_path)
    path = folder.write(PART)
    path.rename(path.with_name("linux-arm64.json"))
    assert folder.read("server", Platform.parse("arm64")) is None


def test_where_a_part_is_staged_is_of_one_run(tmp_path):
    folder = PartsFolder(root=tmp_path)
    held = PART.staged_in([Repository.parse("ghcr.io/team/server"), Repository.parse("q.io/a/b")])
    digest = PART.manifest.digest
    assert held.staged == (f"ghcr.io/team/server@{digest}", f"q.io/a/b@{digest}")
    assert held.sources == (*PART.sources, *held.staged)
    assert Part.parse(folder.write(held).read_bytes()) == held
    assert folder.read("server", PLATFORM) == PART
    assert held.staged_in([Repository.parse("q.io/a/b")]).staged == (f"q.io/a/b@{digest}",)


def test_what_lends_layers_stays_a_source_though_the_part_is_staged_there_too(tmp_path):
    """An existing image is taken whole from a repository, which may be a destination."""
    folder = PartsFolder(root=tmp_path)
    lender = Repository.parse("ghcr.io/team/server")
    lent = replace(PART, sources=("oci:linux-arm-v7", str(lender.at(PART.manifest.digest))))
    folder.write(lent.staged_in([lender]))
    assert folder.read("server", PLATFORM) == lent


def test_a_proof_names_its_commit_and_run(tmp_path):
    proof = replace(PART.proofs[0], revision="abc", ci_run="https://ci.example/7")
    part = replace(PART, proofs=(proof,))
    assert Part.parse(json.dumps(part.to_json()).encode()).proofs == (proof,)


@given(json_values)
def test_hostile_records_never_crash(value):
    for key in PART.to_json():
        try:
            Part.parse(json.dumps({**PART.to_json(), key: value}).encode())
        except SpecError:
            continue
