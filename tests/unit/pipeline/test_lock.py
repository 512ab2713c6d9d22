"""polyarch.lock: what is written is read again, and what is damaged is told with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import ConfigUnreadableError, InvalidLockError
from polyarch.oci.digest import Digest
from polyarch.pipeline.lock import KINDS, LOCK_FILE, Lock, pinned, pins

ONE, TWO = (f"sha256:{each * 64}" for each in "12")

LOCK = f"""\
version = 1

[images]
"debian:12" = "{ONE}"
"ghcr.io/team/base" = "{TWO}"

[frontends]
"docker/dockerfile:1" = "{ONE}"

[tools]
buildx = "0.29.1"
"""


def test_names_mean_their_digests():
    lock = Lock.parse(LOCK)
    assert {name: str(each) for name, each in pins(lock).items()} == {
        "debian:12": f"docker.io/library/debian@{ONE}",
        "ghcr.io/team/base": f"ghcr.io/team/base@{TWO}",
        "docker/dockerfile:1": f"docker.io/docker/dockerfile@{ONE}",
    }
    assert lock.tools == {"buildx": "0.29.1"}
    assert pinned(lock.images, "debian:12") == f"docker.io/library/debian@{ONE}"
    assert pinned(lock.images, "debian:13") == "debian:13"
    assert pins(None) == {}


def test_the_text_teaches_and_is_sorted():
    lock = Lock(
        images={"b:1": Digest.parse(ONE), "a:1": Digest.parse(TWO)}, tools={"z": "1", "a": "2"}
    )
    text = lock.render()
    assert "--update-lock" in text.partition("version")[0]
    assert text.index('"a:1"') < text.index('"b:1"')
    assert "[frontends]" not in text
    assert Lock.parse(text) == lock


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("version = 1", "", "line 1: `version = 1` is missing"),
        ("version = 1", "version = 2", "line 1: a newer polyarch"),
        ("version = 1", "version = true", "line 1: `version = 1` is missing"),
        (f'"{ONE}"\n"ghcr', '"sha256:12"\n"ghcr', "line 4: "),
        (f'"{ONE}"\n"ghcr', '1\n"ghcr', "line 4: a digest is text"),
        ('"debian:12"', '"Debian:12"', "line 4: "),
        ('"debian:12"', f'"debian@{ONE}"', "line 4: "),
        ("[frontends]", "[frontend]", "line 7: `frontend` is nothing that a lock has"),
        ('buildx = "0.29.1"', 'buildx = "a\\nb"', "line 11: a version is a line"),
        ("[images]", "images = 1\n[other]", "line 3: `images` is a table"),
        ("[images]", "[images", "line 3, column"),
        ("[frontends]", "<<<<<<< ours\n[frontends]", "line 7, column"),
    ],
)
def test_what_is_damaged_is_told_with_its_line(before, after, told):
    assert before in LOCK
    with pytest.raises(InvalidLockError) as caught:
        Lock.parse(LOCK.replace(before, after, 1))
    assert any(each.startswith(told) for each in caught.value.problems), caught.value.problems


def test_all_problems_are_told_in_the_order_of_lines():
    text = LOCK.replace(ONE, "x").replace('"0.29.1"', "1")
    with pytest.raises(InvalidLockError) as caught:
        Lock.parse(text)
    assert [each.partition(":")[0] for each in caught.value.problems] == [
        "line 4", "line 8", "line 11",
    ]  # fmt: skip


def test_no_file_is_no_lock_and_a_folder_in_its_place_is_an_error(tmp_path):
    assert Lock.read(tmp_path) is None
    (tmp_path / LOCK_FILE).mkdir()
    with pytest.raises(ConfigUnreadableError):
        Lock.read(tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe", bytes(2 << 20), b"[[[[" * 5000])
def test_hostile_bytes_are_errors_of_ours(tmp_path, content):
    (tmp_path / LOCK_FILE).write_bytes(content)
    with pytest.raises((InvalidLockError, ConfigUnreadableError)):
        Lock.read(tmp_path)


DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64).map(
    lambda text: Digest.parse(f"sha256:{text}")
)
NAMES = st.from_regex(
    r"[a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,2}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,7})?", fullmatch=True
)
TABLES = st.dictionaries(NAMES, DIGESTS, max_size=4)
TOOLS = st.dictionaries(st.text(max_size=8), st.text().filter(str.isprintable), max_size=4)
LOCKS = st.builds(
    Lock, images=TABLES, frontends=TABLES, builders=TABLES, emulators=TABLES, tools=TOOLS
)


@given(LOCKS)
def test_what_is_written_is_read_again(lock):
    assert Lock.parse(lock.render()) == lock


@given(st.text())
def test_any_text_is_a_lock_or_a_told_problem(text):
    try:
        Lock.parse(f"version = 1\n{text}", Path("polyarch.lock"))
    except InvalidLockError as error:
        assert error.problems
        assert error.where == "polyarch.lock"


@given(
    st.sampled_from(list(KINDS)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ),
)
def test_any_value_in_a_table_is_told(kind, value):
    from polyarch.config.toml import toml_value

    if value is None:
        return
    try:
        text = f"version = 1\n[{kind}]\n{toml_value('a:1')} = {toml_value(value)}\n"
    except TypeError:
        return
    if isinstance(value, str):
        return
    with pytest.raises(InvalidLockError):
        Lock.parse(text)
