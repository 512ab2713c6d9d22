"""What a RUN says to a shell: its commands, where they stand, and what they run on."""

import pytest

from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.shell.read import script_reader
from polyarch.dockerfile.shell.script import Command, Script


def scripts(text: str) -> tuple[Script, ...]:
    file = parse(text if text.startswith(("FROM", "#")) else f"FROM a\n{text}\n", path="Dockerfile")
    read = script_reader(file)
    return tuple(script for one in file.instructions for script in read(one))


def script(text: str) -> Script:
    (found,) = scripts(text)
    return found


def lines(text: str) -> list[str]:
    return [line(one) for one in script(text).commands]


def line(command: Command) -> str:
    return " ".join(str(word) for word in command.words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a b && c; d || e & f | g", ["a b", "c", "d", "e", "f", "g"]),
        ("RUN a \\\n  # comment\n  b \\\n\n && c", ["a b", "c"]),
        ("RUN (cd /x && make) ; { install; }", ["cd /x", "make", "install"]),
        (
            "RUN for i in a b; do one $i; done; while two; do three; done",
            ["one $i", "two", "three"],
        ),
        ("RUN f() { one; }; f", ["one", "f"]),
        ("RUN a $(b c) `d` <(e)", ["a $(b c) `d` <(e)", "b c", "d", "e"]),
        ("RUN sh -c 'a && b c'", ["a", "b c"]),
        ('RUN bash -ec "a \\"b c\\"; d"', ["a b c", "d"]),
        ("RUN su - me -c 'a b'", ["a b"]),
        ("RUN eval 'a; b'", ["a", "b"]),
        ('RUN ["sh", "-c", "a \\"b c\\" && d"]', ["a b c", "d"]),
        ('RUN ["/bin/a", "b c"]', ["/bin/a b c"]),
        ("RUN <<EOF\na \\\n  b\nc\nEOF", ["a b", "c"]),
        ("RUN <<-EOF\n\tif a; then\n\t\tb\n\tfi\n\tEOF", ["a", "b"]),
        ("RUN <<'EOF' bash -ex\na\nEOF", ["a"]),
        ("RUN bash <<EOF\na | b\nEOF", ["a", "b"]),
        (
            "RUN cat <<EOF > /file && after\nno command $(but this)\nEOF",
            ["cat", "but this", "after"],
        ),
        ("RUN cat <<A > /a\none\nA", ["cat"]),
        ("RUN <<EOF\n#!/usr/bin/env bash\na\nEOF", ["a"]),
        ("RUN if a; then (b) && (c) else d; fi", ["a", "b", "c", "d"]),
        ("RUN [ a = b ] && test x", ["[ a = b ]", "test x"]),
        ("RUN export A=b && c", ["export A=b", "c"]),
        ("ONBUILD RUN a", ["a"]),
        ("RUN --mount=type=cache,target=/x --network=none a", ["a"]),
        ("RUN a\r\nRUN_\r\n".removesuffix("RUN_\r\n"), ["a"]),
    ],
)
def test_commands_in_their_order(text, expected):
    found = script(text)
    assert lines(text) == expected
    assert found.is_whole


@pytest.mark.parametrize(
    ("text", "wrappers", "command"),
    [
        ("sudo -E -u me apt-get update", ("sudo",), "apt-get update"),
        ("env -i A=b C=d make x", ("env",), "make x"),
        ("time nice -n 5 make", ("time", "nice"), "make"),
        ("exec nohup a", ("exec", "nohup"), "a"),
        ("command -v gcc", (), "command -v gcc"),
        ("command gcc", ("command",), "gcc"),
        ("xargs -n 1 -P4 rm -f", ("xargs",), "rm -f"),
        ("xargs", (), "xargs"),
        ("timeout -k 5 60 a b", ("timeout",), "a b"),
        ("gosu me a", ("gosu",), "a"),
        ("sudo sh -c 'a b'", ("sudo", "sh"), "a b"),
        ("sudo -- a", ("sudo",), "a"),
    ],
)
def test_what_only_starts_another_program_is_taken_off(text, wrappers, command):
    (found,) = script(f"RUN {text}").commands
    assert (found.wrappers, line(found)) == (wrappers, command)


def test_assignments_of_env_are_those_of_the_command():
    (found,) = script("RUN A=1 env GOARCH=arm64 go build").commands
    assert [(one.name, one.value.value) for one in found.assignments] == [
        ("A", "1"),
        ("GOARCH", "arm64"),
    ]
    assert found.name == "go"


def test_assignments_before_a_shell_are_those_of_its_commands():
    first, second = script("RUN env GOOS=linux sh -c 'go build; go vet'").commands
    assert [one.name for one in (*first.assignments, *second.assignments)] == ["GOOS", "GOOS"]


def test_lone_assignments_stand_in_the_script():
    found = script('RUN a=b c="$d"; export E=f; G+=h; I=j k')
    assert [(one.name, one.value.value) for one, _ in found.assignments] == [
        ("a", "b"),
        ("c", None),
        ("E", "f"),
        ("G", "h"),
    ]
    assert [one.is_appended for one, _ in found.assignments] == [False, False, False, True]


@pytest.mark.parametrize(
    ("word", "value", "variables", "asks"),
    [
        ("plain", "plain", (), ()),
        ("'a b'", "a b", (), ()),
        ("\"a b\"'c'd\\ e", "a bcd e", (), ()),
        ('"$a/b"', None, ("a",), ()),
        ("${a:-x}$b", None, ("a", "b"), ()),
        ('"$(uname  -m)"', None, (), ("uname -m",)),
        ("`arch`", None, (), ("arch",)),
        ("$'a\\nb'", "a\nb", (), ()),
        ('""', "", (), ()),
        ("é", "é", (), ()),
    ],
)
def test_words(word, value, variables, asks):
    found = script(f"RUN x é {word}").commands[0].words[-1]
    assert (found.text, found.value, found.variables, found.asks) == (word, value, variables, asks)


def test_words_know_their_place():
    text = 'FROM a\nRUN é "x \\\n y" zz\\\nz; \\\n  sh -c "b \\"c\\" dd" <<EOF\n$(ee)\nEOF\n'
    words = [word for one in script(text).commands for word in one.words]
    held = {word.text: word.span.of(text) for word in words if word.is_contiguous}
    assert held == {"é": "é", "b": "b", "dd": "dd", "ee": "ee"}
    broken = {word.text: word.span.of(text) for word in words if not word.is_contiguous}
    assert broken == {'"x  y"': '"x \\\n y"', "zzz": "zz\\\nz", '"c"': '"c\\"'}


def test_redirections_and_pipelines():
    a, b, c = script("RUN a 2>/dev/null | b >> /f; c <<<x").commands
    assert a.pipeline == b.pipeline != c.pipeline
    assert [
        (one.operator, str(one.target), one.writes) for one in (*a.redirects, *b.redirects)
    ] == [
        (">", "/dev/null", True),
        (">>", "/f", True),
    ]
    assert c.is_fed


def test_substituted_commands_say_so():
    assert [one.is_substituted for one in script("RUN a $(b)").commands] == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        'SHELL ["powershell", "-Command"]\nRUN Get-Item',
        'SHELL ["cmd", "/S", "/C"]\nRUN dir',
        "RUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF",
        "COPY a b",
        'FROM x AS y\nSHELL ["python", "-c"]\nFROM y\nRUN print(1)',
        "# escape=`\nFROM x\nRUN dir",
    ],
)
def test_what_no_shell_reads_is_no_script(text):
    assert scripts(text) == ()


@pytest.mark.parametrize(
    "shell",
    [
        '["/bin/bash", "-o", "pipefail", "-c"]',
        '["conda", "run", "-n", "x", "/bin/bash", "-c"]',
        '["/bin/ash", "-eo", "pipefail", "-c"]',
    ],
)
def test_other_shells(shell):
    assert lines(f"SHELL {shell}\nRUN a") == ["a"]


def test_a_stage_forgets_the_shell_of_the_one_above():
    text = 'FROM a AS x\nSHELL ["cmd"]\nFROM b\nRUN c\nFROM x\nRUN d'
    assert [line(one) for script in scripts(text) for one in script.commands] == ["c"]


def test_the_last_command_is_the_redirected_one():
    found = script("RUN a && b > /f || c | d > /g && ! e > /h").commands
    assert [[str(to.target) for to in one.redirects] for one in found] == [
        [],
        ["/f"],
        [],
        ["/g"],
        ["/h"],
    ]


def test_a_file_between_does_not_break_a_guard():
    found = arms("RUN [ $x = a ] && one > /f || two > /g")
    assert {name: found[name][0][0] for name in ("one", "two")} == {"one": 0, "two": 1}


def test_what_the_grammar_does_not_hold_gives_what_can_be_read():
    found = script("RUN a && b; if c; then d")
    assert not found.is_whole
    assert [one.name for one in found.commands][:2] == ["a", "b"]


# --- branches --------------------------------------------------------------------------------


def arms(text: str) -> dict[str, list[tuple[int, tuple[str, ...], bool]]]:
    return {
        line(one): [(arm.index, arm.patterns, arm.is_else) for arm in one.arms]
        for one in script(text).commands
    }


def test_the_arms_of_a_case():
    found = arms("RUN case \"$x\" in a|'b c') one;; (d*) two;; *) three;; esac; four")
    assert found == {
        "one": [(0, ("a", "b c"), False)],
        "two": [(1, ("d*",), False)],
        "three": [(2, ("*",), True)],
        "four": [],
    }


def test_the_arms_of_an_if():
    text = 'RUN if [ "$x" = a ]; then one; elif [[ $x == b || $x == c ]]; then two; else three; fi'
    found = {name: list_ for name, list_ in arms(text).items() if not name.startswith("[")}
    assert found == {
        "one": [(0, ("a",), False)],
        "two": [(1, ("b", "c"), False)],
        "three": [(2, (), True)],
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("test $x = a && one && two || three", {"one": 0, "two": 0, "three": 1}),
        ("[ $x = a ] || one && two", {"one": 0, "two": None}),
        ("zero && [ $x = a ] && one; two", {"zero": None, "one": 0, "two": None}),
        ("[ $x = a ] && { one; two; }", {"one": 0, "two": 0}),
        ("uname -m | grep -q a && one", {"one": 0}),
        ("zero && one", {"zero": None, "one": None}),
    ],
)
def test_what_a_test_guards(text, expected):
    found = arms(f"RUN {text}")
    assert {name: found[name][0][0] if found[name] else None for name in expected} == expected


def test_guards_within_guards():
    found = arms("RUN [ $x = a ] && one && [ $y = b ] && two || three")
    assert [arm[1] for arm in found["two"]] == [("a",), ("b",)]
    assert [arm[1] for arm in found["one"]] == [("a",)]


@pytest.mark.parametrize(
    ("text", "variables", "asks"),
    [
        ('a="$(uname -m)"; case "$a" in x) y;; esac', ("a",), ("uname -m",)),
        ('a=$T; b="x-$a"; case $b in x) y;; esac', ("b", "a", "T"), ()),
        ("a=$(arch) && [ $a = x ] && y", ("a",), ("arch",)),
        ('[ "$(dpkg --print-architecture)" = x ] && y', (), ("dpkg --print-architecture",)),
        ("a=$T; a=b; case $a in x) y;; esac", ("a",), ()),
        ("[ q ] && a=$T; case $a in x) y;; esac", ("a", "T"), ()),
        ("for a in $T; do case $a in x) y;; esac; done", ("a", "T"), ()),
    ],
)
def test_what_a_dispatch_asks(text, variables, asks):
    found = script(f"RUN {text}").dispatches[-1]
    assert (found.variables, found.asks) == (variables, asks)
