"""Finding and reading the file."""

from pathlib import Path

import pytest

from polyarch.config.document import MAX_SIZE, Document, find_config
from polyarch.errors import ConfigNotFoundError, ConfigUnreadableError, InvalidConfigError


def test_the_file_of_the_nearest_folder_above(tmp_path: Path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    with pytest.raises(ConfigNotFoundError) as raised:
        find_config(inner)
    assert raised.value.where == str(inner)
    (tmp_path / "polyarch.toml").touch()
    assert find_config(inner) == tmp_path / "polyarch.toml"
    (inner / "polyarch.toml").mkdir()
    assert find_config(inner) == tmp_path / "polyarch.toml"
    (tmp_path / "a" / "polyarch.toml").touch()
    assert find_config(inner) == tmp_path / "a" / "polyarch.toml"


def test_a_folder_in_place_of_the_file(tmp_path: Path):
    with pytest.raises(ConfigUnreadableError):
        Document.read(tmp_path)


def test_a_file_that_is_far_too_large(tmp_path: Path):
    file = tmp_path / "polyarch.toml"
    file.write_bytes(b"#" * (MAX_SIZE + 1))
    with pytest.raises(ConfigUnreadableError, match="larger than"):
        Document.read(file)


def test_bytes_that_are_no_text(tmp_path: Path):
    file = tmp_path / "polyarch.toml"
    file.write_bytes(b"[images.app]\nx = '\xff'\n")
    with pytest.raises(InvalidConfigError) as raised:
        Document.read(file)
    assert raised.value.problems == ("line 2: this is not text in UTF-8",)


def test_a_byte_order_mark_and_windows_line_ends(tmp_path: Path):
    file = tmp_path / "polyarch.toml"
    file.write_bytes(b"\xef\xbb\xbf[images.app]\r\n\r\nx = 1\r\n")
    assert Document.read(file).lines["images", "app", "x"] == 3


@pytest.mark.parametrize("text", ["a = " + "9" * 5000, "a = 1e999999", "a = -0x", "\0"])
def test_odd_numbers_and_characters_are_no_traceback(text: str):
    try:
        Document.parse(text, Path("polyarch.toml"))
    except InvalidConfigError as error:
        assert error.problems
