from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from polyarch.errors import InvalidTemplateError
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.labels import labels, leveled, timestamp
from polyarch.metadata.version import Version

NOW = datetime(2024, 3, 5, 23, 7, 9, 45_678, tzinfo=UTC)
COMMITTED = datetime(2024, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
EVENT = CiEvent(provider=Provider.GITHUB, name="push", ref="refs/heads/a&b", sha="860c1904a1ce")
FACTS = RepositoryFacts(name="app", html_url="https://example.org/team/app", license="MIT")


def made(*extra: str) -> dict[str, str]:
    return labels(EVENT, Version(main="1.2.3"), FACTS, now=NOW, created=COMMITTED, extra=extra)


def test_the_eight_entries_of_oci() -> None:
    assert made() == {
        "org.opencontainers.image.created": "2024-03-01T10:00:00.000Z",
        "org.opencontainers.image.description": "",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.revision": "860c1904a1ce",
        "org.opencontainers.image.source": "https://example.org/team/app",
        "org.opencontainers.image.title": "app",
        "org.opencontainers.image.url": "https://example.org/team/app",
        "org.opencontainers.image.version": "1.2.3",
    }


def test_extra_items_override_and_are_dropped_without_an_equals_sign() -> None:
    found = made("nothing", "org.opencontainers.image.title=a=b", "x=", "x=2", "a = b", "=empty")
    assert found["org.opencontainers.image.title"] == "a=b"
    assert (found["x"], found["a "], found[""]) == ("2", " b", "empty")
    assert "nothing" not in found


def test_expressions_stand_in_keys_and_values_and_are_escaped() -> None:
    assert made("{{sha}}={{branch}}{{date 'YYYY'}}")["860c190"] == "a&amp;b2024"


def test_a_table_takes_the_version_and_is_not_escaped() -> None:
    found = labels(
        EVENT,
        Version(main="1.2.3"),
        FACTS,
        now=NOW,
        created=COMMITTED,
        table={"x": "{{version}} {{describe}} {{branch}}", "org.opencontainers.image.title": "T"},
        describe="v1.2.3-1-gabc",
    )
    assert found["x"] == "1.2.3 v1.2.3-1-gabc a&b"
    assert found["org.opencontainers.image.title"] == "T"


def test_braces_in_a_branch_are_not_worked_out() -> None:
    hostile = replace(EVENT, ref="refs/heads/{{sha}}")
    found = labels(
        hostile, Version(), FACTS, now=NOW, created=COMMITTED, extra=["x={{branch}}"],
        table={"y": "{{branch}}"},
    )  # fmt: skip
    assert (found["x"], found["y"]) == ("{{sha}}", "{{sha}}")


def test_a_bad_expression_names_the_label() -> None:
    with pytest.raises(InvalidTemplateError) as caught:
        made("x={{date}}")
    assert caught.value.where == "label `x={{date}}`"


def test_keys_are_in_the_order_of_english() -> None:
    extra = [
        f"{key}=" for key in ("B", "ab", "a.b", "a-b", "a_b", "maintainer", "A", "a", "Ab", "zebra")
    ]
    keys = [key for key in made(*extra) if not key.startswith("org.")]
    assert keys == ["a", "A", "a_b", "a-b", "a.b", "ab", "Ab", "B", "maintainer", "zebra"]
    assert next(iter(made("zebra=1", "maintainer=x"))) == "maintainer"


def test_levels_stand_in_front() -> None:
    assert leveled({"a": "1", "b": "2"}, ("index", "")) == (
        "index:a=1",
        "index:b=2",
        ":a=1",
        ":b=2",
    )


def test_times_are_cut_to_milliseconds() -> None:
    assert timestamp(NOW) == "2024-03-05T23:07:09.045Z"
