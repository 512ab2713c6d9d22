"""A notice as a document and in words: bounded, on single lines, whatever it is made of."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import MalformedManifestError
from polyarch.notify.notice import Kind, Notice, neat, neat_all
from polyarch.notify.wording import words_of
from polyarch.oci.fields import encode
from tests.support.notices import NOTICE

LINES = st.text(max_size=30).map(neat)
LISTS = st.lists(LINES, max_size=3).map(neat_all)
TIMES = st.timedeltas(timedelta(0), timedelta(days=9999)).map(
    lambda since: datetime(2000, 1, 1, tzinfo=UTC) + since
)
NOTICES = st.builds(
    Notice,
    kind=st.sampled_from(Kind),
    time=TIMES,
    cancelled=st.booleans(),
    **dict.fromkeys(("project", "version", "verb", "line", "event_name", "ref", "sha"), LINES),
    **dict.fromkeys(("what", "where", "hint", "run", "url"), LINES),
    **dict.fromkeys(("images", "platforms", "registries", "tags"), LISTS),
)


@given(NOTICES)
def test_what_is_written_is_read(notice: Notice) -> None:
    assert Notice.parse(encode(notice.to_json())) == notice


@given(NOTICES, st.integers(20, 500))
def test_words_are_bounded_lines(notice: Notice, longest: int) -> None:
    words = words_of(notice)
    for text in (words.title, words.url, *(text for _, text in words.lines)):
        assert "\n" not in text
        assert not text or text.isprintable()
    room = max(longest, len(words.title) + len(words.url) + 2)
    assert len(words.text(longest)) <= room
    assert words.text(longest).startswith(words.title)
    assert words.text(longest).endswith(words.url)


@given(st.text(max_size=1200))
def test_a_neat_text(text: str) -> None:
    assert len(neat(text)) <= 500
    assert neat(text).isprintable()
    assert neat(neat(text)) == neat(text)


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    with pytest.raises(MalformedManifestError):
        Notice.parse(raw)


def test_hostile_fields_are_made_neat() -> None:
    document = {
        **NOTICE.to_json(),
        "what": "\x1b[2Jone\ntwo",
        "images": ["x\ny", "x", "", *map(str, range(99))],
        "time": "2026-01-02T03:04:05",
    }
    found = Notice.parse(encode(document))
    assert found.what == "\\x1b[2Jone"
    assert found.images[:2] == ("x", "0")
    assert len(found.images) == 50
    assert found.time.tzinfo


@pytest.mark.parametrize(
    "wrong", [{"kind": "x"}, {"time": "x"}, {"schema": "x"}, {"images": "x"}, {"what": 1}]
)
def test_what_is_no_notice(wrong: dict[str, object]) -> None:
    with pytest.raises(MalformedManifestError):
        Notice.parse(encode({**NOTICE.to_json(), **wrong}))


def test_long_lists_are_cut_and_counted() -> None:
    many = Notice(
        kind=Kind.FAILURE,
        project="p",
        time=NOTICE.time,
        version="1",
        images=tuple(f"image{n}" for n in range(40)),
    )
    assert dict(words_of(many).lines)["Images"].endswith(", and 32 more")
