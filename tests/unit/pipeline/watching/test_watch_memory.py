"""What records tell of published tags, hostile ones too."""

import re
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from polyarch.findings import Finding, Severity
from polyarch.oci.platform import Platform
from polyarch.pipeline.watching.codes import CODES, key_of
from polyarch.pipeline.watching.memory import SCHEMA, Memory
from polyarch.runs.summary import RunSummary

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 2, tzinfo=UTC)
OLD, NEW = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
AMD64 = Platform.parse("linux/amd64")


def summary(verb: str, when: datetime, *, sandbox: bool = False) -> RunSummary:
    return RunSummary(
        id="x", verb=verb, project="p", version="1", started=when, ended=when, sandbox=sandbox
    )


def published(digest: str, status: str) -> dict[str, object]:
    references = [{"tag": "1.0", "digest": digest, "status": status}]
    place = {"repository": "a.example/app", "status": "published", "digest": digest}
    image = {
        "name": "app",
        "digest": digest,
        "platforms": [{"platform": "linux/amd64", "digest": NEW}],
        "destinations": [{**place, "references": references}],
    }
    return {"images": [image]}


def test_the_newest_record_counts():
    memory = Memory()
    memory.learn(summary("publish", LATER), published(NEW, "moved"))
    memory.learn(summary("publish", FIRST), published(OLD, "created"))
    place = "a.example/app", "1.0"
    assert (memory.digests[place], memory.confirmed[place]) == (NEW, LATER)
    assert memory.platforms == {NEW: {AMD64}, OLD: {AMD64}}


def test_what_failed_or_was_kept_tells_nothing():
    memory = Memory()
    for status in ("failed", "left", "kept"):
        memory.learn(summary("publish", LATER), published(NEW, status))
    memory.learn(summary("publish", LATER, sandbox=True), published(NEW, "created"))
    assert (memory.digests, memory.confirmed) == ({}, {})


def test_going_back_is_no_publishing():
    memory = Memory()
    memory.learn(summary("rollback", LATER), published(OLD, "moved"))
    assert memory.digests
    assert not memory.confirmed


def watch(platform: str) -> dict[str, object]:
    tag = {"tag": "1.0", "platforms": [platform], "digests": []}
    base = {"name": "b.example/base:1", "digest": OLD, "before": [platform]}
    found = {"code": "W117", "platform": platform}
    result = {"subject": "app", "tags": [tag], "bases": [base], "findings": [found]}
    return {"schema": SCHEMA, "results": [result]}


def test_the_last_watch_of_an_image():
    memory = Memory()
    memory.learn(summary("watch", LATER), watch("linux/amd64"))
    memory.learn(summary("watch", FIRST), watch("linux/arm64"))
    assert memory.watched == {("app", "1.0"): {AMD64}}
    assert memory.bases == {("b.example/base:1", OLD): {AMD64}}
    assert memory.suspects == {("app", "linux/amd64")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([OLD, NEW]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "results",
                    "images",
                    "tags",
                    "subject",
                    "tag",
                    "platforms",
                    "digests",
                    "bases",
                    "before",
                    "findings",
                    "code",
                    "destinations",
                    "references",
                    "name",
                ]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(value=JSON)
def test_no_record_is_too_odd(value: object):
    document = value if isinstance(value, dict) else {"results": [value], "images": [value]}
    memory = Memory()
    memory.learn(summary("watch", LATER), {**document, "schema": SCHEMA})
    assert all(isinstance(each, frozenset) for each in memory.watched.values())


def test_every_code_is_described():
    page = Path(__file__).parents[4] / "docs/reference/watch.md"
    rows = re.findall(r"^\| `(W\d+)` \| (\w+) \| (.+) \|$", page.read_text(), re.MULTILINE)
    assert rows == [(each.code, each.severity.value, each.says) for each in CODES]


def test_keys_leave_words_and_digests_out():
    found = Finding(
        code="W110", severity=Severity.ERROR, subject="app", path="1.2", message=f"{OLD} and {NEW}"
    )
    assert key_of(found) == "W110 app 1.2"
