"""Values handed on to a runner: whatever they hold, they end where they should."""

import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import StorageError
from polyarch.host.github_files import append_values, command
from tests.support.runner_files import runner_reads


def test_values_are_added_to_what_is_there(tmp_path: Path):
    path = tmp_path / "output"
    path.write_text("before=1\n")
    append_values(str(path), {"a": "1\n2", "b": ""})
    append_values(str(path), {"c": "\n\n"})
    assert runner_reads(path) == {"before": "1", "a": "1\n2", "b": "", "c": "\n\n"}


def test_a_delimiter_that_the_value_holds_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    numbers = iter(["aa", "bb"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(numbers))
    append_values(str(tmp_path / "output"), {"a": "x\nghadelimiter_aa\nb=owned"})
    assert runner_reads(tmp_path / "output") == {"a": "x\nghadelimiter_aa\nb=owned"}


@pytest.mark.parametrize("path", ["no/such/folder/file", ".", "a\0b"])
def test_a_file_that_cannot_be_written(tmp_path: Path, path: str):
    with pytest.raises(StorageError):
        append_values(str(tmp_path / path), {"a": "b"})


@given(st.text())
def test_a_command_is_one_line(text: str):
    line = command("warning", text)
    assert not {"\n", "\r"} & set(line)
    data = line.removeprefix("::warning::")
    assert data.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%") == text
