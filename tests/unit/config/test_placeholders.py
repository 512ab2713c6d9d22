"""`{image}` is filled, all other braces are somebody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.config.load import load_text
from polyarch.config.placeholders import expand, placeholder_problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/{image}", "a/app"),
        ("{image}{image}", "appapp"),
        ("{{image}}", "{{image}}"),
        ("{{{image}}}", "{{{image}}}"),
        ("{{version}}-{image}", "{{version}}-app"),
        ("{out}/{image}", "{out}/app"),
        ("{ image }", "{ image }"),
        ("v(\\d{1,3})", "v(\\d{1,3})"),
        ('{"json": "{image}"}', '{"json": "app"}'),
    ],
)
def test_expand(text: str, expected: str):
    assert expand(text, "app") == expected


@given(st.text())
def test_text_without_the_placeholder_stays_as_it_is(text: str):
    if "{image}" not in text:
        assert expand(text, "app") == text


@given(st.text(alphabet="{}image x"))
def test_any_text_has_a_problem_or_none(text: str):
    problem = placeholder_problem(text)
    assert problem is None or problem


def test_it_is_filled_everywhere_in_an_image():
    text = """\
[images.app]
platforms = ["amd64"]
contexts = { base = "docker-image://team/{image}-base" }
build-args = { NAME = "{image} {{version}} {other}" }
"labels" = { "io.{image}" = "{image}" }
tags = ["type=raw,value={image}-{{branch}}"]
[images.app.direct]
run = ["make", "{image}", "GOARCH={goarch}"]
env = { NAME = "{image}" }
files = [{ from = "{out}/{image}", to = "/usr/bin/{image}" }]
"""
    app = load_text(text).images["app"]
    assert app.contexts["base"] == "docker-image://team/app-base"
    assert app.build_args["NAME"] == "app {{version}} {other}"
    assert dict(app.labels) == {"io.{image}": "app"}
    assert app.tags == ("type=raw,value=app-{{branch}}",)
    assert app.direct
    assert app.direct.run == ("make", "app", "GOARCH={goarch}")
    assert app.direct.env["NAME"] == "app"
    assert (app.direct.files[0].source, app.direct.files[0].target) == ("{out}/app", "/usr/bin/app")
