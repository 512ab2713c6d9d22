"""What small scripts write into `GITHUB_ENV` and `GITHUB_OUTPUT`, where that can be told.

Assignments, `echo "name=value" >> "$GITHUB_OUTPUT"` and plain choices are followed. A script with
anything else in it still runs on a runner; what it writes is then unknown here.

Source: docs.github.com, "Workflow commands", environment files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from polyarch.ci.expression_values import Unknown, Value, text_of
from polyarch.ci.importing.shell_lines import statements_of
from polyarch.ci.importing.shell_words import UnclearError, matches, word_value

_ASSIGNED = re.compile(
    r"(?:export\s+|local\s+|declare\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL
)
_WRITTEN = re.compile(
    r"echo\s+(?:-n\s+|-e\s+)?(?P<word>.+?)\s*(?:>>?|\|\s*tee\s+(?:-a\s+)?)\s*"
    r"""["']?\$\{?GITHUB_(?P<where>ENV|OUTPUT)\}?["']?\s*""",
    re.DOTALL,
)
_TARGETS = re.compile(r"GITHUB_(ENV|OUTPUT)\b")
_NAMES = re.compile(r"""["'`(\s]([A-Za-z_][A-Za-z0-9_-]*)=""")
_CHOICE = re.compile(
    r"\$\(\s*if\s+(?P<test>\[.*?\])\s*;\s*then\s+echo\s+(?P<yes>[^;]+);\s*else\s+echo\s+"
    r"(?P<no>[^;]+);\s*fi\s*\)",
    re.DOTALL,
)
_TEST = re.compile(r"\[\[?\s+(?P<inside>.*?)\s+\]\]?", re.DOTALL)
_COMPARED = re.compile(r"(?P<left>\S+)\s+(?P<how>==|=|!=|=~)\s+(?P<right>.+)", re.DOTALL)
_LONGEST = 4000
"""Characters of a command: nobody reads longer ones, and expressions take their time."""
_UNCLEAR = Unknown(text="", names=("a script",))
_EMPTY = re.compile(r"-(?P<how>[zn])\s+(?P<word>\S+)")


@dataclass(slots=True, kw_only=True)
class Written:
    """What a script leaves behind; `open_*`: it may write names that are not seen here."""

    env: dict[str, Value] = field(default_factory=dict)
    outputs: dict[str, Value] = field(default_factory=dict)
    open_env: bool = False
    open_outputs: bool = False


def run_script(text: str, variables: Mapping[str, Value], step: str) -> Written:
    """Follow a script; `step` is the id under which its outputs are known."""
    run = _Run(variables=dict(variables), step=step)
    if "<<" in text.replace("<<<", "") and _TARGETS.search(text):
        return run.given_up(text)
    try:
        run.block(statements_of(text))
    except UnclearError:
        return run.given_up(text)
    return run.written


@dataclass(slots=True, kw_only=True)
class _Run:
    variables: dict[str, Value]
    step: str
    written: Written = field(default_factory=Written)

    def given_up(self, text: str) -> Written:
        """Whatever it names is unknown, and it may name more."""
        targets = set(_TARGETS.findall(text))
        for name in _NAMES.findall(text):
            if "OUTPUT" in targets:
                self.written.outputs[name] = self._unknown("OUTPUT", name)
            if "ENV" in targets:
                self.written.env[name] = self._unknown("ENV", name)
        self.written.open_env = "ENV" in targets
        self.written.open_outputs = "OUTPUT" in targets
        return self.written

    def block(self, statements: list[str]) -> None:
        """Follow commands one after the other."""
        at = 0
        while at < len(statements):
            statement = statements[at]
            if statement.startswith("if "):
                at = self._choice(statements, at)
                continue
            if statement.split(None, 1)[0] in {"for", "while", "until", "case", "function"}:
                raise UnclearError
            self._command(statement)
            at += 1

    def _command(self, statement: str) -> None:
        if len(statement) > _LONGEST:
            raise UnclearError
        if written := _WRITTEN.fullmatch(statement):
            self._write(written["where"], written["word"])
            return
        if _TARGETS.search(statement):
            raise UnclearError
        if assigned := _ASSIGNED.fullmatch(statement):
            self.variables[assigned[1]] = self._value(assigned[2])

    def _write(self, where: str, word: str) -> None:
        name, equals, _ = word.lstrip("\"'").partition("=")
        if not (equals and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name)):
            raise UnclearError
        unknown = self._unknown(where, name)
        value = self._value(word)
        if not isinstance(value, Unknown):
            value = text_of(value).partition("=")[2]
        elif value.text:
            value = Unknown(text=value.text.partition("=")[2], names=value.names)
        else:
            value = unknown
        target = self.written.outputs if where == "OUTPUT" else self.written.env
        target[name] = value

    def _value(self, word: str) -> Value:
        """What a word is worth; unknown without any text where only a shell can tell."""
        try:
            if choice := _CHOICE.fullmatch(word.strip().strip('"')):
                taken = self._test(choice["test"])
                word = "$" if taken is None else choice["yes" if taken else "no"].strip()
            return word_value(word, self.variables)
        except UnclearError:
            return _UNCLEAR

    def _unknown(self, where: str, name: str) -> Unknown:
        return Unknown.of(
            f"steps.{self.step}.outputs.{name}" if where == "OUTPUT" else f"env.{name}"
        )

    def _choice(self, statements: list[str], at: int) -> int:
        """Follow the branch that is taken; where that is not known, all of them at once."""
        branches, stop = _branches(statements, at)
        for index, (test, body) in enumerate(branches):
            taken = self._test(test) if test else True
            if taken:
                self.block(body)
                return stop
            if taken is None:
                self._all(branches[index:])
                return stop
        return stop

    def _all(self, branches: list[tuple[str, list[str]]]) -> None:
        has_else = any(not test for test, _ in branches)
        runs = [self._apart(body) for _, body in branches]
        if not has_else:
            runs.append(self._apart([]))
        for where, pick in (("ENV", "env"), ("OUTPUT", "outputs")):
            found: list[dict[str, Value]] = [getattr(each.written, pick) for each in runs]
            target: dict[str, Value] = getattr(self.written, pick)
            for name in dict.fromkeys(key for each in found for key in each):
                values = [each.get(name) for each in found]
                agreed = all(value == values[0] for value in values)
                target[name] = values[0] if agreed else self._unknown(where, name)
        for name in dict.fromkeys(key for each in runs for key in each.variables):
            values = [each.variables.get(name) for each in runs]
            agreed = all(value == values[0] for value in values)
            self.variables[name] = values[0] if agreed else _UNCLEAR

    def _apart(self, body: list[str]) -> "_Run":
        run = _Run(variables=dict(self.variables), step=self.step)
        run.written.env |= self.written.env
        run.written.outputs |= self.written.outputs
        run.block(body)
        return run

    def _test(self, text: str) -> bool | None:
        """Whether a test holds; None where nobody knows."""
        found = _TEST.fullmatch(text.strip())
        if found is None or "&&" in text or "||" in text:
            return None
        try:
            return self._compared(found["inside"])
        except UnclearError:
            return None

    def _compared(self, inside: str) -> bool | None:
        if empty := _EMPTY.fullmatch(inside):
            value = word_value(empty["word"], self.variables)
            if isinstance(value, Unknown):
                return None
            return (not text_of(value)) == (empty["how"] == "z")
        found = _COMPARED.fullmatch(inside)
        if found is None:
            return None
        left = word_value(found["left"], self.variables)
        if found["how"] == "=~":
            known = re.fullmatch(r"\(?[\w.|^$-]+\)?", found["right"])
            if known is None or isinstance(left, Unknown):
                return None
            return bool(re.search(found["right"], text_of(left)))
        right = word_value(found["right"], self.variables)
        if isinstance(right, Unknown):
            return None
        is_glob = found["right"][:1] not in {"'", '"'}
        fits = matches(left, text_of(right)) if is_glob else _equal(left, text_of(right))
        return None if fits is None else fits == (found["how"] != "!=")


def _equal(left: Value, right: str) -> bool | None:
    return None if isinstance(left, Unknown) else text_of(left) == right


def _branches(statements: list[str], at: int) -> tuple[list[tuple[str, list[str]]], int]:
    """Tests and bodies of the choice that begins at `at`, and where it ends; else has no test."""
    found: list[tuple[str, list[str]]] = [(statements[at].removeprefix("if "), [])]
    depth = 0
    for index in range(at + 1, len(statements)):
        statement = statements[index]
        if statement.startswith("if "):
            depth += 1
        if statement == "fi" or statement.startswith("fi "):
            if not depth:
                return found, index + 1
            depth -= 1
        if depth or (statement == "fi"):
            found[-1][1].append(statement)
        elif statement.startswith("elif "):
            found.append((statement.removeprefix("elif "), []))
        elif statement == "else":
            found.append(("", []))
        elif statement != "then":
            found[-1][1].append(statement)
    raise UnclearError
