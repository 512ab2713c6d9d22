"""The schema seen as data: tables and keys, for checking, merging and printing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import msgspec
from msgspec import inspect

from polyarch.config.forms import Check, check_of
from polyarch.config.schema import ProjectTable
from polyarch.config.table import Table

APPEND = "+"
"""Behind the name of a list's key: append to what is inherited instead of replacing it."""

_PLACEHOLDERS = {"platform": '"PLATFORM"', "registries": '"PREFIX"'}
_ANY_NAME = "NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a table; `type` is free of annotations and of None.

    `default` is a value as TOML would hold it, None where there is none.
    """

    name: str
    type: inspect.Type
    doc: str
    default: object
    required: bool
    check: Check | None

    @property
    def is_list(self) -> bool:
        """Whether the key can also be written with a plus."""
        return isinstance(self.type, inspect.VarTupleType)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableKeys:
    """One kind of table: `title` is how its header is written, as `images.NAME.direct`."""

    title: str
    table: type[Table]
    doc: str
    keys: Mapping[str, Key]


def unwrap(type_: inspect.Type) -> tuple[inspect.Type, Check | None]:
    """The type without annotations and None, and the check that hung on it."""
    check: Check | None = None
    while True:
        if isinstance(type_, inspect.Metadata):
            check = check or check_of(type_.extra)
            type_ = type_.type
        elif isinstance(type_, inspect.UnionType):
            rest = [one for one in type_.types if not isinstance(one, inspect.NoneType)]
            if len(rest) > 1:
                return type_, check
            type_ = rest[0]
        else:
            return type_, check


@cache
def keys_of(table: type[Table]) -> Mapping[str, Key]:
    """The keys of a table, as they are written in the file: its own, then those it inherits."""
    info = inspect.type_info(table)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    own = table.__annotations__
    in_order = sorted(fields, key=lambda field: field.name not in own)
    return {field.encode_name: _key(field) for field in in_order}


def table_class(type_: inspect.StructType) -> type[Table]:
    """The schema's class behind a table's type."""
    return type_.cls if issubclass(type_.cls, Table) else Table


@cache
def tables() -> tuple[TableKeys, ...]:
    """Every kind of table, in the order in which the schema names them."""
    return tuple(_tables("", ProjectTable))


def _tables(title: str, table: type[Table]) -> Iterator[TableKeys]:
    keys = keys_of(table)
    doc = " ".join((table.__doc__ or "").split())
    yield TableKeys(title=title, table=table, doc=doc, keys=keys)
    for key in keys.values():
        inner, name = _inner(key.type), f"{title}.{key.name}".lstrip(".")
        if inner is None:
            continue
        if isinstance(key.type, inspect.DictType):
            name = f"{name}.{_PLACEHOLDERS.get(key.name, _ANY_NAME)}"
        yield from _tables(name, table_class(inner))


def _inner(type_: inspect.Type) -> inspect.StructType | None:
    """The table that a key holds, by name or in a list."""
    if isinstance(type_, inspect.StructType):
        return type_
    if isinstance(type_, inspect.DictType):
        return _inner(unwrap(type_.value_type)[0])
    if isinstance(type_, inspect.VarTupleType):
        return _inner(unwrap(type_.item_type)[0])
    if isinstance(type_, inspect.UnionType):
        return next((one for one in type_.types if isinstance(one, inspect.StructType)), None)
    return None


def _key(field: inspect.Field) -> Key:
    meta = field.type if isinstance(field.type, inspect.Metadata) else None
    schema = (meta and meta.extra_json_schema) or {}
    type_, check = unwrap(field.type)
    return Key(
        name=field.encode_name,
        type=type_,
        doc=str(schema.get("description", "")),
        default=_default(field),
        required=field.required,
        check=check,
    )


def _default(field: inspect.Field) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    value = None if field.default is msgspec.NODEFAULT else field.default
    if isinstance(value, Table):
        return {}
    return list(value) if isinstance(value, tuple) else value
