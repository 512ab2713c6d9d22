"""Any text gives scripts: never a crash, and places that hold."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.shell.read import script_reader
from polyarch.dockerfile.shell.script import Script, ShellWord
from polyarch.dockerfile.tree import Dockerfile
from polyarch.errors import DockerfileSyntaxError

PARTS = st.sampled_from(
    [
        "a", " ", "\n", ";", ";;", "&&", "||", "|", "&", "(", ")", "{ ", "}", "$(", "`", '"', "'",
        "\\\n", "\\", "$x", "${x:-y}", "$((", "))", "[ ", "[[ ", " ]", " ]]", "if ", "then ",
        "else ", "elif ", "fi", "case ", " in ", "esac", "*)", "for ", "do ", "done", "while ",
        "<<EOF", "<<-EOF", "\nEOF\n", "<<'A B'", "<<<", ">", ">>", "2>&1", "=", "x=", "x=(", "!",
        "é", "\t", "#", "sh -c ", "env ", "sudo ", "function f", "f()", "test ", " = ", "-o",
        "grep -q ", "uname -m", "\r\n", "\x00", "\udc80", "export ", "$'", "<(", "~", "?", "\\\\",
    ]
)  # fmt: skip
SCRIPTS = st.one_of(st.lists(PARTS, max_size=40).map("".join), st.text(max_size=60))


def read(text: str) -> tuple[Dockerfile, tuple[Script, ...]] | None:
    try:
        file = parse(text, path="Dockerfile")
    except DockerfileSyntaxError:
        return None
    reader = script_reader(file)
    return file, tuple(script for one in file.instructions for script in reader(one))


def words(script: Script) -> list[ShellWord]:
    found = [word for one in script.commands for word in one.words]
    found += [one.target for command in script.commands for one in command.redirects]
    found += [one.value for command in script.commands for one in command.assignments]
    return found + [one.value for one, _ in script.assignments]


def check(text: str) -> None:
    result = read(text)
    if result is None:
        return
    file, scripts = result
    for script in scripts:
        for word in words(script):
            assert 0 <= word.span.start <= word.span.end <= len(file.text)
            if word.is_contiguous:
                assert word.span.of(file.text) == word.text
        for dispatch in script.dispatches:
            for arm in dispatch.arms:
                assert arm.span.start <= arm.span.end
                assert arm.dispatch == dispatch.index
        assert [one.index for one in script.dispatches] == list(range(len(script.dispatches)))


@given(SCRIPTS)
@settings(max_examples=400)
def test_any_script(text):
    check(f"FROM a\nRUN {text}\n")


@given(SCRIPTS)
@settings(max_examples=200)
def test_any_heredoc(text):
    check(f"FROM a\nRUN <<-END\n{text}\nEND\n")


@given(st.text(max_size=60))
def test_any_exec_form(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    check(f'FROM a\nRUN ["sh", "-c", "{escaped}"]\nRUN ["{escaped}", "x"]\n')


@pytest.mark.parametrize(
    "part",
    [
        "a && ",
        "[ $a = b ] && c || d && ",
        "a=(",
        "<<<",
        "f() ",
        "$(a ",
        "if a; then ",
        "case x in ",
    ],
)
def test_long_scripts_end(part):
    lines = [f"{part * (50_000 // len(part))}\\" for _ in range(20)]
    begin = time.thread_time()
    result = read("FROM a\nRUN " + "\n".join(lines) + "\nx\n")
    assert result is not None
    assert not result[1][0].is_whole
    assert time.thread_time() - begin < 30


def test_a_thousand_runs_share_one_budget():
    part = "a=(" * 5_000
    begin = time.thread_time()
    assert read("FROM a\n" + f"RUN {part}\n" * 300) is not None
    assert time.thread_time() - begin < 30
