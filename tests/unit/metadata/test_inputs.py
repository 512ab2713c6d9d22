"""Inputs of the action: defaults, the first of two passes, and how variables are spelled."""

import pytest

from polyarch.errors import InvalidRuleError
from polyarch.metadata.inputs import Inputs, input_variables


def test_an_empty_text_is_as_good_as_none():
    empty = {"tags": "", "sep-tags": "", "bake-target": " ", "context": "", "images": "\n# x\n"}
    assert Inputs.read(empty) == Inputs()


def test_separators_are_not_trimmed():
    read = Inputs.read({"sep-tags": ", ", "sep-labels": " ", "sep-annotations": "\t"})
    assert (read.sep_tags, read.sep_labels, read.sep_annotations) == (", ", " ", "\t")


def test_a_quoted_label_may_have_lines():
    assert Inputs.read({"labels": '"a=b\nc"\nd=""e""'}).labels == ("a=b\nc", 'd=""e""')


def test_the_first_pass_takes_quotes_away():
    texts = {"tags": 'type=match,"pattern=\\d{1,2}"\r\n"type=match,""pattern=\\d{1,2}"""'}
    assert Inputs.read(texts).tags == (
        r"type=match,pattern=\d{1,2}",
        r'type=match,"pattern=\d{1,2}"',
    )


@pytest.mark.parametrize("name", ["images", "tags", "flavor", "labels", "annotations"])
def test_an_open_quote_is_refused(name: str):
    with pytest.raises(InvalidRuleError):
        Inputs.read({name: 'a\n"b'})


def test_another_context_is_refused_with_the_nearest():
    with pytest.raises(InvalidRuleError) as raised:
        Inputs.read({"context": "gti"})
    assert "`git`" in str(raised.value.hint)


def test_variables_as_a_runner_spells_them_and_with_underscores():
    found = input_variables(
        {
            "INPUT_SEP-TAGS": ",",
            "INPUT_SEP_TAGS": ";",
            "INPUT_SEP_LABELS": " ",
            "INPUT_GITHUB-TOKEN": "t",
            "INPUT_TAGS": "",
            "INPUT_OTHER": "x",
        }
    )
    assert found == {"sep-tags": ",", "sep-labels": " ", "github-token": "t", "tags": ""}


def test_halves_of_characters_become_whole_ones():
    assert Inputs.read({"labels": "a=\udcff"}).labels == ("a=\ufffd",)
