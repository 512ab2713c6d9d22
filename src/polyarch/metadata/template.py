"""Templates worked out, as Handlebars 4.7 does it with HTML escaping."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from polyarch.errors import InvalidTemplateError
from polyarch.metadata.template_parser import parse
from polyarch.metadata.template_tree import (
    Block,
    Call,
    Comment,
    Literal,
    Mustache,
    Node,
    Operand,
    Path,
    Text,
)

Plain = str | float | bool | Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What stands behind a name in a template: the arguments in order, and those with a name."""

    arguments: "tuple[Value, ...]" = ()
    named: "tuple[tuple[str, Value], ...]" = ()


Function = Callable[[Given], Plain]
Value = Plain | Function
Scope = Mapping[str, Value]
"""Names and what they are; a function is called only when its name is met."""

_HELPERS = frozenset({"if", "unless", "each", "with", "lookup", "log"})

_ENTITIES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "'": "&#x27;",
        "`": "&#x60;",
        "=": "&#x3D;",
    }
)
"""Not html.escape(): that lacks `=` and the backtick."""


class ArgumentError(ValueError):
    """A function of a scope does not take what it was given; the text says why."""


def as_is(text: str) -> str:
    """Write a result as it is."""
    return text


def render(
    template: str, scope: Scope, *, escape: bool = True, write: Callable[[str], str] = as_is
) -> str:
    """Work out a template.

    With `escape` the results of `{{x}}` are escaped for HTML, as the reference has it even where no
    HTML is in sight; `{{{x}}}` and `{{&x}}` never are. `write` is how every result is written into
    the text, for texts in which something else has a meaning, too.

    Raises:
        InvalidTemplateError: it is malformed, or calls what is not there.
    """
    return _Renderer(template, scope, escape=escape, write=write).text(parse(template))


class _Renderer:
    def __init__(
        self, template: str, scope: Scope, *, escape: bool, write: Callable[[str], str]
    ) -> None:
        self._template = template
        self._scope = scope
        self._escape = escape
        self._write = write

    def text(self, nodes: tuple[Node, ...]) -> str:
        return "".join(self._node(node) for node in nodes)

    def _node(self, node: Node) -> str:
        match node:
            case Text(value=value):
                return value
            case Mustache(call=call, escaped=escaped):
                text = _text(self._called(call))
                return self._write(text.translate(_ENTITIES) if escaped and self._escape else text)
            case Block():
                return self._block(node)
            case Comment():
                return ""

    def _block(self, block: Block) -> str:
        if len(block.call.arguments) != 1:
            raise self._problem(f"`{block.call.path}` takes exactly one argument")
        value = self._operand(block.call.arguments[0])
        if callable(value):
            value = self._apply(value, block.call, Given())
        zero = dict(block.call.named).get("includeZero")
        holds = bool(value) or (value == 0 and value is not False and zero == Literal(value=True))
        holds = holds != (str(block.call.path) == "unless")
        return self.text(block.body if holds else block.otherwise)

    def _called(self, call: Call) -> Plain:
        """What a name, with or without arguments, gives."""
        name = call.path.parts[0] if len(call.path.parts) == 1 else ""
        if name in _HELPERS and not call.path.scoped:
            raise self._problem(f"the helper `{name}` is not supported here")
        value = self._found(call.path)
        if callable(value):
            return self._apply(value, call, self._given(call))
        if call.arguments or (call.named and value not in {None, "", 0}):
            raise self._problem(f"there is no `{call.path}` that takes arguments")
        # Named arguments alone are not missed by a name behind which nothing stands.
        return None if call.named else value

    def _given(self, call: Call) -> Given:
        return Given(
            arguments=tuple(self._operand(each) for each in call.arguments),
            named=tuple((name, self._operand(each)) for name, each in call.named),
        )

    def _apply(self, function: Function, call: Call, given: Given) -> Plain:
        try:
            return function(given)
        except ArgumentError as error:
            raise self._problem(f"`{call.path}`: {error}") from error

    def _operand(self, operand: Operand) -> Value:
        match operand:
            case Literal(value=value):
                return value
            case Path():
                return self._found(operand)
            case Call():
                if not (operand.arguments or operand.named or callable(self._found(operand.path))):
                    raise self._problem(f"there is no `{operand.path}` to call")
                return self._called(operand)

    def _found(self, path: Path) -> Value:
        if path.outer or len(path.parts) != 1:
            return None
        return self._scope.get(path.parts[0])

    def _problem(self, reason: str) -> InvalidTemplateError:
        return InvalidTemplateError(self._template, reason)


def _text(value: Plain) -> str:
    """As JavaScript writes a value into text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return f"{value:g}" if value % 1 else str(int(value))
    return ",".join(value)
