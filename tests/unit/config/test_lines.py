"""Every key path has its line, in any document."""

import tomllib
from collections.abc import Iterator

from hypothesis import given

from polyarch.config.keypath import KeyPath
from polyarch.config.lines import line_index, line_of
from tests.support.toml_documents import lined_documents


def walk(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    if path:
        yield path, value
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, item in items:
        yield from walk(item, (*path, key))


@given(lined_documents())
def test_every_path_of_a_random_document_has_its_line(text: str):
    nodes = dict(walk(tomllib.loads(text)))
    lines = line_index(text)
    assert set(lines) == set(nodes)
    told = {path: value for path, value in nodes.items() if type(value) is int}
    assert {path: lines[path] for path in told} == told


def test_tables_have_the_line_of_their_header():
    text = "[a.b]\nx = 1\n[c]\n[a]\ny = 2\n[[d]]\n[e]\n[[d]]\nz = 1\n[[d.f]]\n"
    lines = line_index(text)
    assert [lines[path] for path in (("a", "b"), ("c",), ("a",), ("d",))] == [1, 3, 4, 6]
    assert [lines[path] for path in (("d", 0), ("d", 1), ("d", 1, "f", 0))] == [6, 8, 10]


def test_a_path_that_is_not_there_has_the_line_of_the_table_around_it():
    lines = line_index("\n[a]\nb = 1\n")
    assert line_of(lines, ("a", "missing", 3)) == 2
    assert line_of(lines, ("nothing",)) is None


def test_escaped_keys_are_read_as_tomllib_reads_them():
    text = '"\\u00fc" = 1\n\'a.b\' = 2\n"" = 3\n'
    assert line_index(text) == {("ü",): 1, ("a.b",): 2, ("",): 3}


def test_a_large_document_is_walked_in_a_moment():
    text = "".join(
        f'[images.i{n}]\nbuild-args = {{ A = "{n}", B = ["x", "y"] }}\n' for n in range(5000)
    )
    assert line_index(text)["images", "i4999", "build-args", "B", 1] == 10000
