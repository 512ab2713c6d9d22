"""Bake files, HCL or JSON: which target builds which platforms of what.

Source: docs.docker.com, "Bake file reference".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from polyarch.ci.hcl import Block, Value, blocks_of, read_hcl
from polyarch.ci.yaml import Tree, read_yaml
from polyarch.errors import BakeFileError, YamlError

_MAX_INHERITED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A text of the file and its line; None where only bake itself can work it out."""

    text: str | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BakeTarget:
    """A target as the file has it; `platforms` is None where it names none.

    `is_template`: others only inherit from it, by the habit of a name that begins with `_`.
    """

    name: str
    line: int
    platforms: tuple[Told, ...] | None = None
    tags: tuple[Told, ...] = ()
    arguments: Mapping[str, Told] = field(default_factory=dict, hash=False)
    inherits: tuple[str, ...] = ()

    @property
    def is_template(self) -> bool:
        """Whether it is there to be inherited from alone."""
        return self.name.startswith("_")

    def over(self, base: "BakeTarget") -> "BakeTarget":
        """This, with what it leaves out taken from `base`."""
        return replace(
            self,
            platforms=base.platforms if self.platforms is None else self.platforms,
            tags=self.tags or base.tags,
        )


def read_bake(raw: bytes, name: str) -> tuple[BakeTarget, ...]:
    """The targets of a file in its order, with what they inherit.

    Raises:
        BakeFileError: it cannot be read.
    """
    text = raw.decode("utf-8", "surrogateescape")
    is_json = name.lower().endswith(".json") or text.lstrip().startswith("{")
    found = list(_of_json(raw, name) if is_json else _of_hcl(text, name))
    by_name = {each.name: each for each in found}
    return tuple(_inherited(each, by_name) for each in found)


def _inherited(target: BakeTarget, by_name: Mapping[str, BakeTarget]) -> BakeTarget:
    """With what the bases have; of two that say the same, the later one counts."""
    seen = {target.name}
    waiting = [*target.inherits]
    for _ in range(_MAX_INHERITED):
        if not waiting:
            break
        base = by_name.get(waiting.pop())
        if base and base.name not in seen:
            seen.add(base.name)
            target = target.over(base)
            waiting += base.inherits
    return target


def _of_hcl(text: str, name: str) -> Iterator[BakeTarget]:
    root = read_hcl(text, name)
    variables = {
        block.labels[0]: default
        for block in blocks_of(root, "variable")
        if block.labels and (default := _default(block)) is not None
    }
    for attribute, value in root.attributes.items():
        if (told := value.text(variables)) is not None:
            variables.setdefault(attribute, told)
    for block in blocks_of(root, "target"):
        if block.labels:
            yield _target(block, variables)


def _default(block: Block) -> str | None:
    value = block.attributes.get("default")
    return value.text({}) if value else None


def _target(block: Block, variables: Mapping[str, str]) -> BakeTarget:
    def listed(key: str) -> tuple[Told, ...] | None:
        value = block.attributes.get(key)
        if value is None:
            return None
        if value.items is None:
            return (Told(text=None, line=value.line),)
        return tuple(_told(each, variables) for each in value.items)

    arguments = block.attributes.get("args")
    return BakeTarget(
        name=block.labels[0],
        line=block.line,
        platforms=listed("platforms"),
        tags=listed("tags") or (),
        arguments={key: _told(value, variables) for key, value in (arguments.table or ())}
        if arguments
        else {},
        inherits=tuple(each.text for each in listed("inherits") or () if each.text),
    )


def _told(value: Value, variables: Mapping[str, str]) -> Told:
    return Told(text=value.text(variables), line=value.line)


def _of_json(raw: bytes, name: str) -> Iterator[BakeTarget]:
    try:
        tree = read_yaml(raw.replace(b"\t", b" "), name)  # YAML takes no tabs where JSON does
    except YamlError as error:
        raise BakeFileError(name, error.line, error.reason) from error
    targets = tree.get("target")
    for key, target in (targets.table or {}).items() if targets else ():
        arguments = target.get("args")
        yield BakeTarget(
            name=key,
            line=target.line,
            platforms=_items(target.get("platforms")),
            tags=_items(target.get("tags")) or (),
            arguments={
                each: Told(text=value.text, line=value.line)
                for each, value in ((arguments.table or {}) if arguments else {}).items()
            },
            inherits=tuple(x.text for x in _items(target.get("inherits")) or () if x.text),
        )


def _items(tree: Tree | None) -> tuple[Told, ...] | None:
    if tree is None or tree.items is None:
        return None
    return tuple(Told(text=_constant(each.text), line=each.line) for each in tree.items)


def _constant(text: str | None) -> str | None:
    return None if text is None or "${" in text else text
