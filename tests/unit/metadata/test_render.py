from datetime import UTC, datetime

import pytest

from polyarch.errors import InvalidTemplateError
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.metadata.render import render_text
from polyarch.metadata.version import Version

NOW = datetime(2024, 3, 5, 23, 7, 9, tzinfo=UTC)
EVENT = CiEvent(
    provider=Provider.LOCAL,
    name="local",
    ref="refs/heads/a&b",
    sha="860c1904a1ce19322e91",
    commit_time=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
)


def rendered(template: str, version: Version | None = None) -> str:
    return render_text(
        template,
        EVENT,
        version or Version(main="1.2.3"),
        now=NOW,
        where="images.app.build-args.VERSION",
        describe="v1.2.3-4-g860c190",
    )


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{version}}", "1.2.3"),
        ("{{sha}}", "860c190"),
        ("{{branch}}", "a&b"),
        ("{{describe}}", "v1.2.3-4-g860c190"),
        ("{{commit_date}}", "2024-01-02T03:04:05Z"),
        ("{{commit_date 'X'}}", "1704164645"),
        ("{{date 'YYYY'}}", "2024"),
        ("{zig} ${X} %s", "{zig} ${X} %s"),
    ],
)
def test_expressions_work_without_escaping(template: str, text: str) -> None:
    assert rendered(template) == text


def test_no_version_is_empty() -> None:
    assert rendered("<{{version}}>", Version()) == "<>"


def test_an_error_says_where() -> None:
    with pytest.raises(InvalidTemplateError) as caught:
        rendered("{{version")
    assert caught.value.where == "images.app.build-args.VERSION"


def test_results_are_written_as_the_text_around_them_needs() -> None:
    text = render_text(
        "{out}/{{branch}}-{{{branch}}}",
        EVENT,
        Version(),
        now=NOW,
        where="images.app.direct.run[0]",
        write=lambda result: result.replace("&", "&&"),
    )
    assert text == "{out}/a&&b-a&&b"
