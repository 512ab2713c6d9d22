import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.expand import BODY, RAW, expand
from polyarch.errors import ExpansionError

VALUES = {"A": "value", "EMPTY": "", "PATH": "/a/b/c.tar.gz", "BLANKS": " x  y ", "STAR": "a*b"}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("$A ${A}x $Ax", "value valuex "),
        ("$A.b-$A", "value.b-value"),
        ("$UNSET|${UNSET}|$EMPTY", "||"),
        ("$1x ${10} $@ $$ $. $", "x    $. $"),
        # default and alternative, with and without the colon
        ("${UNSET-d} ${EMPTY-d} ${A-d}", "d  value"),
        ("${UNSET:-d} ${EMPTY:-d} ${A:-d}", "d d value"),
        ("${UNSET+a} ${EMPTY+a} ${A+a}", " a a"),
        ("${UNSET:+a} ${EMPTY:+a} ${A:+a}", "  a"),
        ("${EMPTY?e} ${A?e} ${A:?e}", " value value"),
        ("${UNSET:-${EMPTY:-$A}}", "value"),
        ("${UNSET:-'a }' \"b }\"}", "a } b }"),
        ("${UNSET:-\\}}", "}"),
        # patterns
        ("${PATH#*/}", "a/b/c.tar.gz"),
        ("${PATH##*/}", "c.tar.gz"),
        ("${PATH%.*}", "/a/b/c.tar"),
        ("${PATH%%.*}", "/a/b/c"),
        ("${PATH%/}", "/a/b/c.tar.gz"),
        ("${PATH#/?/}", "b/c.tar.gz"),
        ("${STAR#a\\*}", "b"),
        ("${UNSET#*}", ""),
        ("${PATH/a/x}", "/x/b/c.tar.gz"),
        ("${PATH//a/x}", "/x/b/c.txr.gz"),
        ("${PATH//\\//-}", "-a-b-c.tar.gz"),
        ("${PATH/t*g/T}", "/a/b/c.Tz"),
        ("${A//*/x}", "x"),
        ("${A//?/x}", "xxxxx"),
        ("${A/z/x}", "value"),
        ("${A///-}", "-v-a-l-u-e-"),
        # quotes and escapes
        ("'$A'\"$A\"", "$Avalue"),
        ("\\$A \\\\ \\x", "$A \\ x"),
        ('"\\$A \\\\ \\x \\""', '$A \\ \\x "'),
        ("\"it's\" 'a\"b'", "it's a\"b"),
        ("end\\", "end"),
        ("a<<b<c", "a<<b<c"),
    ],
)
def test_expansion(text: str, expanded: str):
    assert expand(text, VALUES.get).text == expanded


@pytest.mark.parametrize(
    "text",
    [
        "'open", '"open', '"open\\"', "${A", "${", "${}", "${:}", "${{A}}", "${A:=x}", "${A=x}",
        "${A:#x}", "${A^x}", "${A:", "${.}", "${A/x}", "${A//x}", "${STAR#\\a}", "${A:-'x}",
        "${UNSET?}", "${UNSET:?}", "${EMPTY:?must be set}",
    ],
)  # fmt: skip
def test_what_cannot_be_expanded(text: str):
    with pytest.raises(ExpansionError):
        expand(text, VALUES.get)


def test_the_message_of_a_demanded_variable_is_told():
    with pytest.raises(ExpansionError, match="`EMPTY` must be set"):
        expand("${EMPTY:?must be set}", VALUES.get)


def test_the_backtick_escapes_where_it_is_told_to():
    assert expand("C:\\$A`$A", VALUES.get, escape="`").text == "C:\\value$A"


def test_names_asked_for_are_told():
    outcome = expand("$A ${UNSET:-$EMPTY} ${NO+$PATH}", VALUES.get)
    assert outcome.set_names == {"A", "EMPTY", "PATH"}
    assert outcome.unset_names == {"UNSET", "NO"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("x$BLANKS'y z'", ["x", "x", "yy z"]),
        ('"$BLANKS"b', [" x  yb"]),
        ("a\\ b c", ["a b", "c"]),
        ("'' a", ["a"]),
        ("", []),
    ],
)
def test_words_are_split_after_expansion(text: str, words: list[str]):
    values = VALUES | {"BLANKS": " x  y"}
    assert [word.text for word in expand(text, values.get).words] == words


def test_words_know_their_places():
    text = "ab  'c d' \\e<<X"
    found = [text[word.start : word.end] for word in expand(text, reading=RAW).words]
    assert found == ["ab", "'c d'", "\\e<<X"]


def test_raw_reading_changes_nothing():
    text = 'a \'$b\' "c\\" $d" ${e} ${f:-g} \\$h'
    assert expand(text, reading=RAW).text == text


def test_quotes_of_a_heredoc_body_are_text():
    assert expand('it\'s "$A" \\$A', VALUES.get, reading=BODY).text == 'it\'s "value" $A'


def test_deep_nesting_is_refused_and_not_a_traceback():
    with pytest.raises(ExpansionError, match="deeper"):
        expand("${A+" * 5000 + "}" * 5000, VALUES.get)


def test_patterns_cannot_hang_the_reader():
    values = {"X": "a" * 50_000}
    pattern = "*a" * 30 + "b"
    assert expand(f"${{X##{pattern}}}${{X//{pattern}/y}}", values.get).text == values["X"] * 2


@given(st.text(alphabet="ab$ {}:-+?#%/'\"\\<*A_1\n\u00e9", max_size=40))
def test_any_text_expands_or_is_refused(text: str):
    for reading in (RAW, BODY):
        try:
            expand(text, VALUES.get, reading=reading)
        except ExpansionError as error:
            assert error.reason
