import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import PlaceholderSyntaxError, PlaceholderValueError, UnknownPlaceholderError
from polyarch.oci.placeholder import escape, fill, names_in

VALUES = {"out": "/tmp/o", "goarch": "arm", "zig-cpu": "baseline", "debian": None, "platform": "x"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{out}/hello-{goarch}", "/tmp/o/hello-arm"),
        ("-mcpu={zig-cpu}", "-mcpu=baseline"),
        ("{{out}}", "{out}"),
        ("{{{out}}}", "{/tmp/o}"),
        ("${{HOME}}", "${HOME}"),
    ],
)
def test_names_become_values_and_double_braces_single_ones(text, filled):
    assert fill(text, VALUES, where="k") == filled


def test_a_value_is_not_filled_again():
    assert fill("{a}", {"a": "{b}", "b": "no"}, where="k") == "{b}"


@pytest.mark.parametrize(("name", "near"), [("goarh", "goarch"), ("zig_cpu", "zig-cpu")])
def test_an_unknown_name_tells_place_and_nearest(name, near):
    with pytest.raises(UnknownPlaceholderError) as caught:
        fill(f"{{{name}}}", VALUES, where="images.a.direct.run[2]")
    assert caught.value.where == "images.a.direct.run[2]"
    assert f"did you mean `{{{near}}}`" in str(caught.value.hint)


def test_an_unknown_name_that_resembles_none_lists_all():
    with pytest.raises(UnknownPlaceholderError) as caught:
        fill("{HOMEWARD}", VALUES, where="k")
    assert "did you mean" not in str(caught.value.hint)
    assert "goarch" in str(caught.value.hint)


def test_a_name_without_value_names_the_platform():
    with pytest.raises(PlaceholderValueError, match=r"`\{debian\}` has no value for `x`"):
        fill("{debian}", VALUES, where="k")


@pytest.mark.parametrize("text", ["{", "}", "a{b", "{out", "out}", "{}", "{ out }", "{{}"])
def test_a_brace_that_stands_alone_is_refused(text):
    with pytest.raises(PlaceholderSyntaxError):
        fill(text, VALUES, where="k")


@given(st.text())
def test_escaped_text_comes_back(text):
    assert fill(escape(text), {}, where="k") == text
    assert names_in(escape(text)) == ()


@given(st.lists(st.sampled_from(sorted(VALUES)) | st.text()))
def test_names_are_found_where_they_stand(parts):
    text = "".join(f"{{{part}}}" if part in VALUES else escape(part) for part in parts)
    assert names_in(text) == tuple(dict.fromkeys(part for part in parts if part in VALUES))
