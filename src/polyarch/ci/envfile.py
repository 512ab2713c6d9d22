"""Files of variables, such as `.env` beside a compose file.

Source: the Compose documentation, "Syntax for environment variables"; compose-spec/compose-go,
dotenv/parser.go.
"""

import re
from collections.abc import Mapping

from polyarch.ci.interpolation import interpolate
from polyarch.errors import EnvFileError, InterpolationError

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*(?:[=:]\s*(?P<rest>.*))?")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE = re.compile(r"'([^']*)'", re.DOTALL)
_COMMENT = re.compile(r"\s+#.*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$$"}


def read_variables(text: str, name: str, known: Mapping[str, str]) -> dict[str, str]:
    """The variables of a file, each of which may use `known` ones and those above it.

    A name without a value takes that of `known`, and is left out where there is none.

    Raises:
        EnvFileError: a line that sets no variable, or a quote that is not closed.
    """
    found: dict[str, str] = {}
    lines = text.removeprefix("\ufeff").splitlines()
    at = 0
    while at < len(lines):
        line, number = lines[at].strip(), at + 1
        at += 1
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise EnvFileError(name, number, "it sets no variable")
        key, rest = match["name"], match["rest"]
        if rest is None:
            if key in known:
                found[key] = known[key]
            continue
        while rest[:1] in {'"', "'"} and not _quoted(rest) and at < len(lines):
            rest += "\n" + lines[at]
            at += 1
        found[key] = _value(rest, name, number, {**found, **known})
    return found


def _quoted(rest: str) -> re.Match[str] | None:
    return (_SINGLE if rest.startswith("'") else _DOUBLE).match(rest)


def _value(rest: str, name: str, line: int, known: Mapping[str, str]) -> str:
    if rest[:1] in {'"', "'"}:
        match = _quoted(rest)
        if match is None:
            raise EnvFileError(name, line, "a quote is not closed")
        if rest.startswith("'"):
            return match[1]
        text = re.sub(r"\\(.)", lambda each: _ESCAPES.get(each[1], each[0]), match[1])
    else:
        text = "" if rest.startswith("#") else _COMMENT.sub("", rest).strip()
    try:
        return interpolate(text, known).text
    except InterpolationError as error:
        raise EnvFileError(name, line, error.reason) from error
