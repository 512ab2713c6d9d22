"""Copies between real registries, layouts and archives; skopeo writes what is read and reads back.

What skopeo makes is never what polyarch made, so neither can agree with itself alone.
"""

import json
import tarfile
from pathlib import Path

import pytest

from polyarch.content.graph import copy_graph
from polyarch.content.layout import LayoutStore
from tests.lab.commands import CommandFailedError
from tests.lab.fixtures import RunImage, StartRegistry
from tests.lab.registries import Auth, Registry, write_logins
from tests.lab.skopeo import Skopeo
from tests.support.command_line import CommandLine, plain_environment
from tests.support.images import MadeImage, make_index
from tests.support.places import artifact_about, config_of, laid, whole
from tests.support.published import digest_of

PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7")


@pytest.fixture
def made(tmp_path: Path) -> MadeImage:
    made = make_index(PLATFORMS)
    laid(made, tmp_path / "lay", "made")
    return made


@pytest.fixture
def polyarch(tmp_path: Path) -> CommandLine:
    return CommandLine(folder=tmp_path, environment=plain_environment(tmp_path / "home"))


@pytest.fixture
def registry(distribution_registry: StartRegistry) -> Registry:
    return distribution_registry()


def digest_at(skopeo: Skopeo, reference: str) -> str:
    return digest_of(skopeo.raw(reference))


def test_between_real_registries_with_logins(
    polyarch: CommandLine,
    skopeo: Skopeo,
    made: MadeImage,
    three_registries: tuple[Registry, Registry, Registry],
    tmp_path: Path,
) -> None:
    """Two with a password, one with tokens; the logins are those of `docker login`."""
    skopeo.login(*three_registries)
    first, *others = three_registries
    lay = f"oci:{tmp_path}/lay:made"
    skopeo.copy(lay, f"docker://{first.reference('team/app:1')}", "--all")
    write_logins(tmp_path / "home/.docker/config.json", *three_registries)
    names = [each.reference("team/app") for each in others]
    moved = first.reference("moved/app:2")
    answer = polyarch.run("copy", first.reference("team/app:1"), *names, moved)
    digest = str(made.index.descriptor.digest)
    assert answer.stdout.splitlines() == [f"{n}@{digest}" for n in (*names, moved[:-2])]
    for name in (*(f"{name}:1" for name in names), moved):
        assert digest_at(skopeo, name) == digest
        pulled = tmp_path / f"pulled-{name.replace('/', '_').replace(':', '_')}"
        skopeo.copy(f"docker://{name}", f"oci:{pulled}:x", "--all", "--preserve-digests")
        whole(LayoutStore(pulled), made.index.descriptor)
    for registry in three_registries:
        assert registry.password not in answer.stdout + answer.stderr
    again = polyarch.run("copy", "--json", first.reference("team/app:1"), *names)
    [image] = again.document["images"]
    assert [each["status"] for each in image["destinations"]] == ["unchanged"] * 2


def test_archives_that_skopeo_wrote(
    polyarch: CommandLine, skopeo: Skopeo, made: MadeImage, registry: Registry, tmp_path: Path
) -> None:
    lay = f"oci:{tmp_path}/lay:made"
    skopeo.copy(lay, f"oci-archive:{tmp_path}/all.tar:v1", "--all")
    skopeo.run(
        "--override-arch=arm64", "copy", "--quiet", lay, f"docker-archive:{tmp_path}/one.tar:app:1"
    )
    whole_one, one = registry.reference("a/all:1"), registry.reference("a/one")
    polyarch.run("copy", "oci-archive:all.tar", whole_one)
    assert digest_at(skopeo, whole_one) == str(made.index.descriptor.digest)

    # skopeo's own form has no manifest: one is made, and skopeo takes its image for the same.
    answer = polyarch.run("copy", "--json", "docker-archive:one.tar", one)
    [image] = answer.document["images"]
    assert "its digest is new" in image["notes"][0]
    assert [each["platform"] for each in image["platforms"]] == ["linux/arm64"]
    again = polyarch.run("copy", "--json", "docker-archive:one.tar:app:1", f"{one}:again")
    assert again.document["images"][0]["digest"] == image["digest"]
    pulled = skopeo.pull(f"{one}:1", "linux/arm64", tmp_path / "pulled")
    [entry] = LayoutStore(pulled).entries()
    found, original = (
        config_of(LayoutStore(pulled), entry),
        config_of(made.store, made.children[1]),
    )
    assert found["rootfs"] == original["rootfs"]


def test_what_skopeo_reads(
    polyarch: CommandLine, skopeo: Skopeo, made: MadeImage, registry: Registry, tmp_path: Path
) -> None:
    polyarch.run("copy", "oci:lay", "oci:out:v1", "oci-archive:out.tar:v1", "oci:out:v2")
    polyarch.run("copy", "oci:lay", "-p", "linux/arm/v7", "docker-archive:docker.tar:team/app:1")
    for source in (
        f"oci:{tmp_path}/out:v1",
        f"oci:{tmp_path}/out:v2",
        f"oci-archive:{tmp_path}/out.tar:v1",
    ):
        name = registry.reference("team/app:1")
        skopeo.copy(source, f"docker://{name}", "--all", "--preserve-digests")
        assert digest_at(skopeo, name) == str(made.index.descriptor.digest)
    found = json.loads(skopeo.run("inspect", f"docker-archive:{tmp_path}/docker.tar"))
    assert (found["Architecture"], found["Os"]) == ("arm", "linux")
    assert "docker.io/team/app:1" in skopeo.run(
        "list-tags", f"docker-archive:{tmp_path}/docker.tar"
    )


def test_a_layout_of_skopeo_keeps_its_images(
    polyarch: CommandLine, skopeo: Skopeo, made: MadeImage, tmp_path: Path
) -> None:
    other = make_index(content=b"other")
    laid(other, tmp_path / "second", "x")
    skopeo.copy(f"oci:{tmp_path}/second:x", f"oci:{tmp_path}/shared:docker.io/team/old:1", "--all")
    polyarch.run("copy", "oci:lay", "oci:shared:new")
    skopeo.copy(f"oci:{tmp_path}/second:x", f"oci:{tmp_path}/shared:third", "--all")
    for name in ("docker.io/team/old:1", "new", "third"):
        skopeo.copy(f"oci:{tmp_path}/shared:{name}", f"dir:{tmp_path}/dir-{name[-3:]}", "--all")
    polyarch.run("copy", "oci:shared:team/old:1", "oci:again")
    whole(LayoutStore(tmp_path / "again"), other.index.descriptor)


def test_several_images_carried_in_one_compressed_archive(
    polyarch: CommandLine, skopeo: Skopeo, made: MadeImage, registry: Registry, tmp_path: Path
) -> None:
    """As people carry images to where there is no network."""
    names = [registry.reference(f"team/{name}:1") for name in ("app", "web")]
    for name in names:
        skopeo.copy(f"oci:{tmp_path}/lay:made", f"docker://{name}", "--all")
    polyarch.run("copy", *names, "--into", "oci-archive:images.tar")
    with (
        tarfile.open(tmp_path / "images.tgz", "w:gz") as packed,
        tarfile.open(tmp_path / "images.tar") as plain,
    ):
        for member in plain:
            packed.addfile(member, plain.extractfile(member))
    for number, name in enumerate(names):
        there = registry.reference(f"inside/app{number}:1")
        polyarch.run("copy", f"oci-archive:images.tgz:{name}", there)
        assert digest_at(skopeo, there) == str(made.index.descriptor.digest)


def test_platforms_and_signatures_in_a_registry_that_lists_no_referrers(
    polyarch: CommandLine, skopeo: Skopeo, made: MadeImage, registry: Registry, tmp_path: Path
) -> None:
    """CNCF distribution 2.8: the list of artifacts stands under a tag."""
    layout = LayoutStore(tmp_path / "lay")
    signature = artifact_about(made.store, made.index.descriptor)
    copy_graph(made.store, layout, signature)
    layout.add_entries(signature)
    name = registry.reference("team/app:1")
    polyarch.run("copy", "oci:lay:made", name)
    tag = f"{made.index.descriptor.digest}".replace(":", "-")
    listed = skopeo.index(registry.reference(f"team/app:{tag}"))
    assert [each["digest"] for each in listed["manifests"]] == [str(signature.digest)]
    assert digest_at(skopeo, registry.reference(f"team/app@{signature.digest}"))
    there = registry.reference("other/app:two")
    answer = polyarch.run("copy", "--json", name, there, "-p", "linux/arm64,linux/arm/v7")
    [image] = answer.document["images"]
    assert image["digest"] == digest_at(skopeo, there) != image["original_digest"]
    listed = skopeo.index(there)
    assert [each["platform"]["architecture"] for each in listed["manifests"]] == ["arm64", "arm"]
    polyarch.run("copy", name, "oci:copied")
    assert signature.digest in [each.digest for each in LayoutStore(tmp_path / "copied").entries()]


def test_a_refusal_leaves_no_tag_in_real_registries(
    polyarch: CommandLine,
    skopeo: Skopeo,
    made: MadeImage,
    distribution_registry: StartRegistry,
) -> None:
    taking, closed = distribution_registry(), distribution_registry(Auth.HTPASSWD)
    names = [each.reference("team/app:1") for each in (taking, closed)]
    answer = polyarch.run("copy", "--json", "oci:lay", *names, status=7)
    [image] = answer.document["images"]
    assert [each["status"] for each in image["destinations"]] == ["skipped", "failed"]
    with pytest.raises(CommandFailedError, match=r"manifest unknown|name unknown"):
        skopeo.raw(names[0])


def test_a_copied_program_runs(
    polyarch: CommandLine,
    base_registry: Registry,
    registry: Registry,
    run_image: RunImage,
    tmp_path: Path,
) -> None:
    """A real image through an archive into another registry, and started there."""
    polyarch.run("copy", base_registry.reference("busybox:1"), "oci-archive:busybox.tar")
    there = registry.reference("library/busybox:1")
    polyarch.run("copy", "oci-archive:busybox.tar", there)
    for platform in ("linux/amd64", "linux/arm64"):
        assert run_image(there, platform, "/bin/busybox", "echo", "it runs") == "it runs\n"
