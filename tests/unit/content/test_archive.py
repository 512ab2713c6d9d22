import hashlib
import json
import tarfile

from polyarch.content.archive import write_archive
from tests.support.images import make_index


def test_an_archive_is_both_a_layout_and_docker_s_form(tmp_path):
    made = make_index()
    path = tmp_path / "image.tar"
    write_archive(path, made.store, made.children[1], "docker.io/team/app:1")
    with tarfile.open(path) as tar:
        names = tar.getnames()
        files = {name: tar.extractfile(name).read() for name in names}  # type: ignore[union-attr]
    for name, data in files.items():
        if name.startswith("blobs/sha256/"):
            assert hashlib.sha256(data).hexdigest() == name.rpartition("/")[2]
    [entry] = json.loads(files["manifest.json"])
    assert entry["RepoTags"] == ["docker.io/team/app:1"]
    assert all(layer in files for layer in [*entry["Layers"], entry["Config"]])
    [named] = json.loads(files["index.json"])["manifests"]
    assert named["digest"] == str(made.children[1].digest)
    assert named["annotations"]["org.opencontainers.image.ref.name"] == "1"


def test_the_same_image_gives_the_same_file(tmp_path):
    made = make_index()
    for name in ("a", "b"):
        write_archive(tmp_path / name, made.store, made.children[0], "docker.io/team/app:1")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
