"""Files that no fix touches, whatever is found in them."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from polyarch.dockerfile.outline import is_docker_frontend
from polyarch.dockerfile.tree import Comment, Dockerfile, Instruction

_GENERATED = re.compile(
    r"\bdo not (?:edit|modify|change)\b|\b(?:auto-?)?generated (?:by|via|from|with|using)\b"
    r"|\bauto-?generated\b",
    re.IGNORECASE,
)
_MARK = re.compile(r"\{\{|\{%|<%")
_TEMPLATES = frozenset(
    {".erb", ".in", ".j2", ".jinja", ".jinja2", ".mustache", ".template", ".tmpl", ".tpl"}
)
_VENDORED = frozenset({"node_modules", "third_party", "thirdparty", "vendor"})
_COMMANDS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "LABEL", "RUN", "ONBUILD", "SHELL"})
"""Instructions in which braces may belong to a program: `go list -f '{{.Dir}}'`."""


def why_never(file: Dockerfile) -> str:
    """Why nothing in the file may be changed; empty where it may."""
    return next(_reasons(file), "")


def _reasons(file: Dockerfile) -> Iterator[str]:
    path = PurePosixPath(file.path)
    if _TEMPLATES & {suffix.lower() for suffix in path.suffixes}:
        yield "the file is a template, by its name"
    if _VENDORED & set(path.parts[:-1]):
        yield "the file is a copy of somebody else's, by its folder"
    if file.escape == "`":
        yield "`escape=` is a backtick: the file is for Windows"
    if file.syntax and not is_docker_frontend(file.syntax):
        yield f"`# syntax={file.syntax}` is a frontend whose language is not known"
    if any(_GENERATED.search(comment.text) for comment in _header(file)):
        yield "its first lines say that it is generated"
    if any(map(_is_template, file.nodes)):
        yield "it has marks of a template"
    if line := next((one.blank_lines[0] for one in file.instructions if one.blank_lines), 0):
        yield f"line {line} is empty within an instruction, which BuildKit warns about"
    if unknown := next((one for one in file.instructions if not one.is_known), None):
        yield f"`{unknown.keyword}` is no instruction that is known here"


def _header(file: Dockerfile) -> Iterator[Comment]:
    """The comments above the first instruction and directly below it."""
    seen = 0
    for node in file.nodes:
        seen += isinstance(node, Instruction)
        if seen > 1:
            return
        if isinstance(node, Comment):
            yield node


def _is_template(node: object) -> bool:
    if isinstance(node, Comment):
        return bool(_MARK.match(node.text))
    if isinstance(node, Instruction):
        return node.name not in _COMMANDS and bool(_MARK.search(node.arguments.text))
    return False
