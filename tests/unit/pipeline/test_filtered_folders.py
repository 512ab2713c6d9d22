from pathlib import Path

import pytest

from polyarch.errors import DockerfileError, StorageError
from polyarch.pipeline.filtered_folders import filtered, holds, own_rules_of

NOWHERE = Path("/nowhere/.polyarch")


def lay(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_folder_without_rules_is_taken_itself(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", {"a": "a"})
    assert filtered(folder, tmp_path / "out", NOWHERE) == folder
    assert not (tmp_path / "out").exists()


def test_the_rest_is_copied_as_it_is(tmp_path: Path) -> None:
    rules = "*.log\nsecret\n!secret/kept\n"
    files = {".dockerignore": rules, "run.sh": "#!", "x.log": "", "secret/a": "", "secret/kept": ""}
    folder = lay(tmp_path / "in", files)
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("run.sh")
    (folder / "empty").mkdir()
    copy = tmp_path / "out"
    for _ in range(2):
        assert filtered(folder, copy, NOWHERE) == copy
        found = sorted(str(path.relative_to(copy)) for path in copy.rglob("*"))
        assert found == [".dockerignore", "empty", "link", "run.sh", "secret", "secret/kept"]
    assert (copy / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (copy / "run.sh").stat().st_mtime == (folder / "run.sh").stat().st_mtime
    assert (copy / "link").is_symlink()


def test_the_own_folder_goes_nowhere(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", {"a": "a", ".polyarch/runs/x/plan.json": "{}"})
    copy = filtered(folder, tmp_path / "out", folder / ".polyarch")
    assert copy == tmp_path / "out"
    assert [path.name for path in copy.iterdir()] == ["a"]
    assert not holds(folder / "below", folder / ".polyarch")
    assert filtered(folder / "below", tmp_path / "b", folder / ".polyarch") == folder / "below"


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", {".dockerignore": "x\n"})
    with pytest.raises(StorageError):
        filtered(folder, lay(tmp_path, {"file": ""}) / "file" / "out", NOWHERE)
    (folder / ".dockerignore").unlink()
    (folder / ".dockerignore").mkdir()
    with pytest.raises(DockerfileError):
        own_rules_of(folder)
