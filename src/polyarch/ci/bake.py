"""Bake files, HCL or JSON: which target builds which platforms of what.

Source: docs.docker.com, "Bake file reference".
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from polyarch.ci.hcl import Block, Value, blocks_of, read_hcl
from polyarch.ci.yaml import Tree, read_yaml
from polyarch.errors import BakeFileError, YamlError

_MAX_INHERITED = 64
_MAX_LEGS = 64
_TABLES = frozenset({"contexts"})
_APPENDED = frozenset({"annotations", "secret", "ssh", "cache-from", "entitlements", "attest"})
"""Lists that a target adds to those of its bases; all others it replaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A text of the file and its line; None where only bake itself can work it out."""

    text: str | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BakeTarget:
    """A target as the file has it; `platforms` is None where it names none.

    `is_template`: others only inherit from it, by the habit of a name that begins with `_`.
    `arguments` are its own alone, `all_arguments` those with what it inherits. `stage` is its key
    `target`. `given` are all keys as they are written, with inherited ones; values that only bake
    can work out are nothing there. `bases` is all that it inherits from, however far, itself where
    targets inherit from each other. `origin` is the name of the target whose matrix made this one,
    its own without a matrix; `is_open` tells of a matrix that was not worked out.
    """

    name: str
    line: int
    platforms: tuple[Told, ...] | None = None
    tags: tuple[Told, ...] = ()
    arguments: Mapping[str, Told] = field(default_factory=dict, hash=False)
    inherits: tuple[str, ...] = ()
    context: Told | None = None
    dockerfile: Told | None = None
    stage: Told | None = None
    labels: Mapping[str, Told] = field(default_factory=dict, hash=False)
    all_arguments: Mapping[str, Told] = field(default_factory=dict, hash=False)
    given: Mapping[str, Tree] = field(default_factory=dict, hash=False)
    bases: frozenset[str] = frozenset()
    origin: str = ""
    is_open: bool = False

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
            context=self.context or base.context,
            dockerfile=self.dockerfile or base.dockerfile,
            stage=self.stage or base.stage,
            labels={**base.labels, **self.labels},
            all_arguments={**base.all_arguments, **self.all_arguments},
            given=_laid_over(self.given, base.given),
        )


def read_bake(raw: bytes, name: str, *, legs: bool = False) -> tuple[BakeTarget, ...]:
    """The targets of a file in its order, with what they inherit.

    `legs`: a target with a simple matrix stands there once for each of its values.

    Raises:
        BakeFileError: it cannot be read.
    """
    text = raw.decode("utf-8", "surrogateescape")
    is_json = name.lower().endswith(".json") or text.lstrip().startswith("{")
    found = list(_of_json(raw, name) if is_json else _of_hcl(text, name, legs=legs))
    by_name = {each.name: each for each in found}
    return tuple(_inherited(each, by_name) for each in found)


def read_groups(raw: bytes, name: str) -> Mapping[str, tuple[str, ...]]:
    """The groups of a file: targets by the name of each.

    Raises:
        BakeFileError: it cannot be read.
    """
    text = raw.decode("utf-8", "surrogateescape")
    if name.lower().endswith(".json") or text.lstrip().startswith("{"):
        groups = _json_tree(raw, name).get("group")
        return {
            key: tuple(each.text for each in _items(group.get("targets")) or () if each.text)
            for key, group in ((groups.table or {}) if groups else {}).items()
        }
    found: dict[str, tuple[str, ...]] = {}
    for block in blocks_of(read_hcl(text, name), "group"):
        listed = block.attributes.get("targets")
        items = (listed.items or ()) if listed else ()
        if block.labels:
            found[block.labels[0]] = tuple(told for each in items if (told := each.text({})))
    return found


def _inherited(target: BakeTarget, by_name: Mapping[str, BakeTarget]) -> BakeTarget:
    """With what the bases have; of two that say the same, the later one counts."""
    seen: set[str] = set()
    waiting = [*target.inherits]
    for _ in range(_MAX_INHERITED):
        if not waiting:
            break
        base = by_name.get(waiting.pop())
        if base and base.name not in seen:
            seen.add(base.name)
            if base.name != target.name:
                target = target.over(base)
                waiting += base.inherits
    return replace(target, bases=frozenset(seen))


def _laid_over(own: Mapping[str, Tree], base: Mapping[str, Tree]) -> Mapping[str, Tree]:
    found = {**base, **own}
    for key in own.keys() & base.keys():
        above, below = own[key], base[key]
        if key in _TABLES and above.table is not None and below.table is not None:
            found[key] = replace(above, table={**below.table, **above.table})
        elif key in _APPENDED and above.items is not None and below.items is not None:
            found[key] = replace(above, items=(*below.items, *above.items))
    return found


def _of_hcl(text: str, name: str, *, legs: bool) -> Iterator[BakeTarget]:
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
            yield from _legs(block, variables) if legs else (_target(block, variables),)


def _legs(block: Block, variables: Mapping[str, str]) -> Iterator[BakeTarget]:
    """A target for each combination of its matrix; the target itself where they are not known."""
    matrix, naming = block.attributes.get("matrix"), block.attributes.get("name")
    whole = _target(block, variables)
    if matrix is None:
        yield whole
        return
    columns = [
        (key, [x.text(variables) for x in col.items or ()]) for key, col in matrix.table or ()
    ]
    count = 1
    for _, column in columns:
        count *= len(column)
    made: list[BakeTarget] = []
    if columns and naming and count <= _MAX_LEGS:
        for values in itertools.product(*(column for _, column in columns)):
            known = {k: v for (k, _), v in zip(columns, values, strict=True) if v is not None}
            leg = {key: text for key, text in variables.items() if key not in dict(columns)} | known
            name = naming.text(leg)
            if len(known) == len(columns) and name:
                made.append(replace(_target(block, leg), name=name))
    if not made or len({each.name for each in made}) != count:
        yield replace(whole, is_open=True)
        return
    yield from made


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

    def single(key: str) -> Told | None:
        value = block.attributes.get(key)
        return _told(value, variables) if value else None

    def pairs(key: str) -> Mapping[str, Told]:
        value = block.attributes.get(key)
        return {name: _told(each, variables) for name, each in (value.table or ())} if value else {}

    return BakeTarget(
        name=block.labels[0],
        line=block.line,
        platforms=listed("platforms"),
        tags=listed("tags") or (),
        arguments=pairs("args"),
        all_arguments=pairs("args"),
        labels=pairs("labels"),
        context=single("context"),
        dockerfile=single("dockerfile"),
        stage=single("target"),
        inherits=tuple(each.text for each in listed("inherits") or () if each.text),
        given={key: _tree(value, variables) for key, value in block.attributes.items()},
        origin=block.labels[0],
    )


def _tree(value: Value, variables: Mapping[str, str]) -> Tree:
    if value.items is not None:
        items = tuple(_tree(each, variables) for each in value.items)
        return Tree(line=value.line, items=items)
    if value.table is not None:
        table = {key: _tree(each, variables) for key, each in value.table}
        return Tree(line=value.line, table=table)
    return Tree(line=value.line, text=value.text(variables))


def _told(value: Value, variables: Mapping[str, str]) -> Told:
    return Told(text=value.text(variables), line=value.line)


def _of_json(raw: bytes, name: str) -> Iterator[BakeTarget]:
    targets = _json_tree(raw, name).get("target")
    for key, target in (targets.table or {}).items() if targets else ():
        yield BakeTarget(
            name=key,
            line=target.line,
            platforms=_items(target.get("platforms")),
            tags=_items(target.get("tags")) or (),
            arguments=_pairs(target.get("args"), constant=False),
            all_arguments=_pairs(target.get("args")),
            labels=_pairs(target.get("labels")),
            context=_single(target.get("context")),
            dockerfile=_single(target.get("dockerfile")),
            stage=_single(target.get("target")),
            inherits=tuple(x.text for x in _items(target.get("inherits")) or () if x.text),
            given={name: _plain(each) for name, each in (target.table or {}).items()},
            origin=key,
            is_open=target.get("matrix") is not None,
        )


def _plain(tree: Tree) -> Tree:
    """Without what only bake can work out."""
    if tree.items is not None:
        return replace(tree, items=tuple(map(_plain, tree.items)))
    if tree.table is not None:
        return replace(tree, table={key: _plain(each) for key, each in tree.table.items()})
    return replace(tree, text=_constant(tree.text))


def _json_tree(raw: bytes, name: str) -> Tree:
    try:
        return read_yaml(raw.replace(b"\t", b" "), name)  # YAML takes no tabs where JSON does
    except YamlError as error:
        raise BakeFileError(name, error.line, error.reason) from error


def _single(tree: Tree | None) -> Told | None:
    return Told(text=_constant(tree.text), line=tree.line) if tree else None


def _pairs(tree: Tree | None, *, constant: bool = True) -> dict[str, Told]:
    return {
        each: Told(text=_constant(value.text) if constant else value.text, line=value.line)
        for each, value in ((tree.table or {}) if tree else {}).items()
    }


def _items(tree: Tree | None) -> tuple[Told, ...] | None:
    if tree is None or tree.items is None:
        return None
    return tuple(Told(text=_constant(each.text), line=each.line) for each in tree.items)


def _constant(text: str | None) -> str | None:
    return None if text is None or "${" in text else text
