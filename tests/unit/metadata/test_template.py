"""Templates, compared with what Handlebars 4.7 makes of the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.errors import InvalidTemplateError
from polyarch.metadata.template import ArgumentError, Given, Scope, render
from polyarch.metadata.template_parser import is_raw_statement


def date(given_: Given) -> str:
    if not given_.arguments:
        raise ArgumentError("no format")
    named = ";".join(f"{name}={value}" for name, value in given_.named)
    return f"D({given_.arguments[0]},{named})"


SCOPE: Scope = {
    "branch": lambda _: "a&b'<c>`=\"",
    "tag": lambda _: "",
    "sha": lambda _: "860c190",
    "major": 1,
    "zero": 0,
    "list": ("a", "b"),
    "empty": (),
    "raw": "v1.2",
    "date": date,
}

ESCAPED = "a&amp;b&#x27;&lt;c&gt;&#x60;&#x3D;&quot;"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain } text", "plain } text"),
        ("{{sha}}", "860c190"),
        ("{{  sha  }}-{{this.sha}}-{{./sha}}-{{[sha]}}-{{'sha'}}", "-".join(["860c190"] * 5)),
        ("{{branch}}", ESCAPED),
        ("{{{branch}}}|{{&branch}}", "a&b'<c>`=\"|a&b'<c>`=\""),
        ("{{nope}}{{../sha}}{{@root}}{{nope.deeper}}{{5}}", ""),
        ("{{nope tz='x'}}", ""),
        ("{{major}}.{{zero}}", "1.0"),
        ("{{list}}", "a,b"),
        ("{{date 'YYYY' tz='Asia/Tokyo'}}", "D(YYYY,tz&#x3D;Asia/Tokyo)"),
        ('{{date "it\'s"}}', "D(it&#x27;s,)"),
        ("{{date (date 'q')}}", "D(D(q,),)"),
        ("a {{~sha~}} b", "a860c190b"),
        ("a{{! gone }}b{{!-- }} --}}c{{!--}}d", "abcd"),
        (r"\{{sha}} {{sha}}", "{{sha}} 860c190"),
        (r"\\{{sha}}", "\\860c190"),
        (r"\{{a}}\{{b}}", "{{a}}{{b}}"),
        ("{{#if branch}}yes{{else}}no{{/if}}", "yes"),
        ("{{#if tag}}yes{{else}}no{{/if}}", "no"),
        ("{{#if zero}}a{{else if sha}}b{{else}}c{{/if}}", "b"),
        ("{{#if zero includeZero=true}}a{{else}}b{{/if}}", "a"),
        ("{{#if empty}}a{{/if}}{{#unless empty}}b{{/unless}}", "b"),
        ("{{^if tag}}none{{/if}}", "none"),
        ("{{#if tag}}a{{^}}b{{/if}}", "b"),
        ("{{elsewhere}}", ""),
    ],
)
def test_renders_as_handlebars(template: str, text: str) -> None:
    assert render(template, SCOPE) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{",
        "{{sha",
        "{{}}",
        "{{sha}",
        "{{{sha}}",
        "{{sha}}}",
        "{{sha}}}}",
        "{{nope 'x'}}",
        "{{raw 'x'}}",
        "{{date}}",
        "{{#if sha}}",
        "{{/if}}",
        "{{else}}",
        "{{#if}}x{{/if}}",
        "{{#if sha}}x{{/unless}}",
        "{{> part}}",
        "{{#each list}}x{{/each}}",
        "{{#sha}}x{{/sha}}",
        "{{{{raw}}}}",
        "{{!-- open }}",
        "{{date tz='x' 'y'}}",
        "{{sha/../x}}",
        "{{date (nope)}}",
        "{{a b=}}",
        "{{^if x}}{{else if y}}{{/if}}",
    ],
)
def test_refuses_what_handlebars_refuses(template: str) -> None:
    with pytest.raises(InvalidTemplateError):
        render(template, SCOPE)


def test_escapes_only_when_asked() -> None:
    assert render("{{branch}}", SCOPE, escape=False) == "a&b'<c>`=\""


@pytest.mark.parametrize(
    ("template", "raw"),
    [
        ("{{raw}}", True),
        ("{{ raw }}", True),
        ("{{{raw}}}", True),
        ("{{this.raw}}", True),
        ("{{&raw}}", True),
        ("v{{raw}}", False),
        ("{{raw}}{{! x }}", False),
        ("{{raw", False),
        ("{{'raw'}}", False),
        ("{{raw.x}}", False),
        ("", False),
        ("raw", False),
    ],
)
def test_tells_a_raw_statement(template: str, raw: bool) -> None:
    assert is_raw_statement(template) is raw


PIECES = st.lists(
    st.sampled_from(
        [
            "{{",
            "}}",
            "{",
            "}",
            "~",
            "#if",
            "/if",
            "else",
            " ",
            "sha",
            "date",
            "'",
            '"',
            "(",
            ")",
            "=",
            ".",
            "[",
            "]",
            "\\",
            "!",
            "--",
            "^",
            "&",
            "@",
            "5",
            "|",
            "\n",
            "é",
            "\ud800",
        ]
    ),
    max_size=25,
).map("".join)


@settings(deadline=None)
@given(PIECES | st.text(max_size=40))
def test_any_text_is_rendered_or_refused(template: str) -> None:
    try:
        assert isinstance(render(template, SCOPE), str)
    except InvalidTemplateError as error:
        assert error.message.isprintable()
    assert is_raw_statement(template) in {True, False}


@pytest.mark.parametrize(
    "template",
    [
        "{{#if sha}}" * 3000 + "{{/if}}" * 3000,
        "{{date " + "(date " * 3000 + "'x'" + ")" * 3000 + "}}",
        "{{#if nope}}a" + "{{else if nope}}b" * 3000 + "{{/if}}",
    ],
    ids=["blocks", "calls", "chain"],
)
def test_depth_is_bounded(template: str) -> None:
    with pytest.raises(InvalidTemplateError, match="too deep"):
        render(template, SCOPE)
