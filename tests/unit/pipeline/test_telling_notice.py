"""What a record says to people: what failed and why, whom it touches, what tags show now."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from polyarch.notify.notice import Kind, Notice
from polyarch.oci.fields import encode
from polyarch.pipeline.telling_notice import UNMOVED, WHOLE, notice_of
from polyarch.runs.summary import RunSummary

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ERROR = {"message": "it is down", "where": "GET /v2/", "hint": "try again"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["images", "destinations", "references", "error", "status", "tag"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def about(code: int, *, error: Mapping[str, Any] | None = None) -> RunSummary:
    return RunSummary(
        id="20260102T000000.000Z-abcdef",
        verb="publish",
        project="team/app",
        version="1",
        started=NOW,
        ended=NOW,
        exit_code=code,
        event={"name": "push", "ref": "refs/tags/v1", "sha": "0" * 40},
        images=("app",),
        error=error,
    )


def destination(host: str, status: str, **tags: str) -> Mapping[str, Any]:
    return {
        "repository": f"{host}/team/app",
        "status": status,
        "references": [{"tag": tag, "status": each} for tag, each in tags.items()],
        "error": None if status in {"published", "unchanged"} else ERROR,
    }


def told(code: int, destinations: Sequence[Mapping[str, Any]]) -> Notice:
    result = {"images": [{"name": "app", "digest": None, "destinations": destinations}]}
    kind = Kind.FAILURE if code else Kind.SUCCESS
    return notice_of(about(code), result, None, kind, url="https://ci/1", moving=True)


def test_registries_that_differ() -> None:
    notice = told(
        6,
        [
            destination("ghcr.io", "published", v1="created", latest="kept", main="moved"),
            destination("docker.io", "failed", v1="failed"),
            destination("quay.io", "left", v1="left", latest="restored"),
            destination("gcr.io", "rolled-back", v1="restored"),
        ],
    )
    assert notice.tags == (
        "ghcr.io/team/app: v1, main show the new image",
        "docker.io/team/app, gcr.io/team/app: all tags show what they showed before",
        "quay.io/team/app: v1 shows the new image, all others what they showed before",
    )
    assert notice.registries == ("docker.io", "quay.io", "gcr.io")
    assert (notice.what, notice.where, notice.hint) == tuple(ERROR.values())
    assert notice.line == "tags"


def test_nothing_moved() -> None:
    assert told(5, [destination("a.io", "skipped"), destination("b.io", "failed")]).tags == (
        UNMOVED,
    )


def test_all_went_well() -> None:
    notice = told(0, [destination("a.io", "published", v1="created")])
    assert notice.tags == ("a.io/team/app: v1 shows the new image",)
    assert not notice.hint
    assert notice.registries == ("a.io",)


def test_without_a_result_the_plan_says_whom_it_touches() -> None:
    plan = {
        "images": [
            {"name": "app", "publish": True, "destinations": [{"repository": "a.io/team/app"}]},
            {"name": "tool", "publish": False, "destinations": [{"repository": "b.io/tool"}]},
        ]
    }
    log = "cannot build `app` for `linux/arm/v7` with buildx\n  one\n  two\n  ended with 1\n"
    failed = about(1, error={"message": log, "where": "platform `linux/arm/v7`"})
    for moving, tags in ((False, UNMOVED), (True, WHOLE)):
        notice = notice_of(failed, None, plan, Kind.FAILURE, url="", moving=moving)
        assert notice.tags == (tags,)
        assert notice.registries == ("a.io",)
        assert notice.platforms == ("linux/arm/v7",)
        assert notice.what.endswith("with buildx: two / ended with 1")
    bare = notice_of(about(70), None, None, Kind.FAILURE, url="", moving=False)
    assert bare.what == "it ended with exit code 70"
    assert bare.tags == ()


@given(
    st.dictionaries(st.sampled_from(["images", "error"]), JSON),
    st.dictionaries(st.just("images"), JSON),
    st.dictionaries(st.sampled_from(["message", "where", "hint"]), JSON),
    st.sampled_from(Kind),
)
def test_records_are_hostile(
    result: dict[str, Any], plan: dict[str, Any], error: dict[str, Any], kind: Kind
) -> None:
    notice = notice_of(about(1, error=error), result, plan, kind, url="", moving=False)
    assert Notice.parse(encode(notice.to_json())) == notice
