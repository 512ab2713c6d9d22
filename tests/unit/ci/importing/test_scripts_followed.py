"""Small scripts: what they write, and what stays unknown."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.ci.expression_values import Unknown, Value
from polyarch.ci.importing.shell import run_script

VARIABLES: dict[str, Value] = {
    "GITHUB_REF": "refs/tags/v1.2.3",
    "GITHUB_REF_NAME": "v1.2.3",
    "GITHUB_SHA": "abc",
    "OWNER": "Team",
    "EMPTY": "",
    "SECRET": Unknown.of("secrets.X"),
}


SED = """\
x=$(echo "refs/heads/m" | sed -e "s/refs\\/heads\\///g")
echo a=$x >> $GITHUB_OUTPUT
"""
CHOICE = """\
if [[ $GITHUB_REF == refs/tags/* ]]; then
  echo a=t >> $GITHUB_OUTPUT
else
  echo a=b >> $GITHUB_OUTPUT
fi
"""
CHOICES = """\
if [ -z "$OWNER" ]; then X=1; elif [ "$OWNER" = "Team" ]; then X=2; fi
echo a=$X >> $GITHUB_OUTPUT
"""
WITHIN = """\
x=$(if [[ "main" =~ (latest|main) ]]; then echo "latest"; else echo "no"; fi)
echo a=$x >> $GITHUB_OUTPUT
"""


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('echo "a=b" >> "$GITHUB_OUTPUT"', "b"),
        ("echo a=b >> $GITHUB_OUTPUT", "b"),
        ("echo 'a=b c' >>${GITHUB_OUTPUT}", "b c"),
        ('echo "a=${GITHUB_REF#refs/tags/}" >> $GITHUB_OUTPUT', "v1.2.3"),
        ('echo "a=${GITHUB_REF##*/}" >> $GITHUB_OUTPUT', "v1.2.3"),
        ('echo "a=${GITHUB_REF_NAME%.*}" >> $GITHUB_OUTPUT', "v1.2"),
        ('echo "a=${GITHUB_REF_NAME%%.*}" >> $GITHUB_OUTPUT', "v1"),
        ("x=linux/arm64\necho a=${x//\\//-} >> $GITHUB_OUTPUT", "linux-arm64"),
        ('echo "a=${OWNER,,}" >> $GITHUB_OUTPUT', "team"),
        ('echo "a=${EMPTY:-none}" >> $GITHUB_OUTPUT', "none"),
        ("echo \"a=$(echo $OWNER | tr '[:upper:]' '[:lower:]')\" >> $GITHUB_OUTPUT", "team"),
        ("echo \"a=`echo Team/App | tr 'A-Z' 'a-z'`\" >> $GITHUB_OUTPUT", "team/app"),
        (SED, "m"),
        (CHOICE, "t"),
        (CHOICES, "2"),
        (WITHIN, "latest"),
        ("# a remark\nset -eu\necho a=b >> $GITHUB_OUTPUT  # more", "b"),
    ],
)  # fmt: skip
def test_what_can_be_told_is(script: str, expected: str) -> None:
    written = run_script(script, VARIABLES, "here")
    assert written.outputs == {"a": expected}
    assert not written.open_outputs


@pytest.mark.parametrize(
    "script",
    [
        'echo "a=$(date +%s)" >> $GITHUB_OUTPUT',
        'echo "a=$SECRET" >> $GITHUB_OUTPUT',
        'echo "a=b" | sed s/b/c/ >> $GITHUB_OUTPUT',
        'x=$(cat VERSION)\necho "a=$x" >> $GITHUB_OUTPUT',
        "if grep -q x f; then echo a=1 >> $GITHUB_OUTPUT; else echo a=2 >> $GITHUB_OUTPUT; fi",
        'if [ -n "$SECRET" ]; then echo a=1 >> $GITHUB_OUTPUT; fi',
        "for x in 1 2; do echo a=$x >> $GITHUB_OUTPUT; done",
        "{\n  echo 'a=1'\n} >> $GITHUB_OUTPUT",
        "cat <<EOF >> $GITHUB_OUTPUT\na=1\nEOF",
        "python -c 'print(\"a=1\")' >> $GITHUB_OUTPUT",
    ],
)
def test_what_cannot_be_told_is_unknown(script: str) -> None:
    written = run_script(script, VARIABLES, "here")
    assert isinstance(written.outputs.get("a", Unknown.of("x")), Unknown)
    assert written.outputs or written.open_outputs


def test_variables_go_to_the_environment_alone() -> None:
    written = run_script('echo "A=$OWNER" >> "$GITHUB_ENV"\nB=2', VARIABLES, "here")
    assert written.env == {"A": "Team"}
    assert written.outputs == {}


LOWER = "tr '[:upper:]' '[:lower:]'"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f'echo "a=$(echo ${{{{ x }}}} | {LOWER})" >> $GITHUB_OUTPUT', "${{ x }}"),
        (f"x=$(echo ${{{{ x }}}} | {LOWER})\necho a=$x >> $GITHUB_OUTPUT", "${{ x }}"),
        (f'echo "a=io/$(echo A/${{{{ x }}}}/B | {LOWER})" >> $GITHUB_OUTPUT', "io/a/${{ x }}/b"),
        ("echo a=${{ x }}/${EMPTY:-${{ y }}}/z >> $GITHUB_OUTPUT", "${{ x }}/${{ y }}/z"),
        ("echo a=\\${{ x }} >> $GITHUB_OUTPUT", "${{ x }}"),
        ("echo a=$OWNER/'${{ x }}' >> $GITHUB_OUTPUT", "Team/${{ x }}"),
    ],
)
def test_expressions_stay_in_their_places(script: str, expected: str) -> None:
    written = run_script(script, VARIABLES, "here")
    value = written.outputs["a"]
    assert isinstance(value, Unknown)
    assert value.text == expected
    assert set(value.names) <= {"x", "y"}


@pytest.mark.parametrize("odd", ["\x000\x00", "\x007\x00", "\x00", "\x010\x01", "\U000f0000"])
@pytest.mark.parametrize(
    "word", ["b{odd}", '"b{odd}${{{{ x }}}}"', "$(echo {odd} | tr A-Z a-z)", "$ODD"]
)
def test_signs_that_are_never_seen_do_no_harm(word: str, odd: str) -> None:
    script = f"echo a={word.format(odd=odd)} >> $GITHUB_OUTPUT"
    written = run_script(script, {**VARIABLES, "ODD": f"c{odd}"}, "here")
    value = written.outputs["a"]
    assert isinstance(value, Unknown) or odd in str(value)


PIECES = st.sampled_from(
    ["echo ", "a=b", ">> $GITHUB_OUTPUT", "\n", ";", "if ", "[ -z x ]", "; then", "fi", "else",
     '"', "'", "`", "$(", ")", "${", "}", "$OWNER", "|", "\\", "#", " ", "${{ x }}", "elif ",
     "<<EOF", "&&", "\0", "\x000\0", " | tr A-Z a-z", "$(echo ", "${{ github.x }}",
     "x=", "{", "[[ $A == b* ]]"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=120), st.lists(PIECES, max_size=30).map("".join)))
def test_any_script_is_followed_or_given_up(script: str) -> None:
    written = run_script(script, VARIABLES, "here")
    for value in (*written.env.values(), *written.outputs.values()):
        assert value is None or isinstance(value, (str, Unknown))


@pytest.mark.parametrize(
    "piece", ["${", "$(", "`", "echo ", "\n", "if [ x ];", "{", " ", "a=", "'\""]
)
def test_hostile_scripts_take_no_time(piece: str) -> None:
    text = f"echo a={piece * (30_000 // len(piece))} >> $GITHUB_OUTPUT"
    start = time.process_time()
    run_script(text, VARIABLES, "here")
    assert time.process_time() - start < 5
