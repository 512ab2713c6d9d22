"""The JSON Schema of polyarch.toml, for editors and for tests; made from `schema`.

Source: JSON Schema draft 2020-12. msgspec writes the types; what TOML lacks (null) is taken out,
what the file has on top of them (`"tags+"`) is put in.
"""

import json

import msgspec

from polyarch.config.keys import APPEND, Key, keys_of, tables
from polyarch.config.schema import ProjectTable
from polyarch.config.table import Table

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, object]


def json_schema() -> Schema:
    """The schema as a JSON document."""
    classes: list[type[Table]] = list(dict.fromkeys(kind.table for kind in tables()))
    _, definitions = msgspec.json.schema_components(classes, ref_template="#/$defs/{name}")
    tidy = {table.__name__: _table(definitions[table.__name__], table) for table in classes}
    root = tidy.pop(ProjectTable.__name__)
    return {"$schema": DIALECT, **root, "title": "polyarch.toml", "$defs": tidy}


def json_schema_text() -> str:
    """The schema as it is committed and printed."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _table(written: Schema, table: type[Table]) -> Schema:
    properties: Schema = {}
    found = written["properties"]
    for name, key in keys_of(table).items():
        schema = _property(found[name] if isinstance(found, dict) else {}, key)
        properties[name] = schema
        if key.is_list:
            properties[name + APPEND] = _appending(schema, name)
    required = [key.name for key in keys_of(table).values() if key.required]
    return {
        "description": " ".join((table.__doc__ or "").split()),
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _property(written: Schema, key: Key) -> Schema:
    schema = _without_null(written)
    schema.pop("default", None)
    schema["description"] = key.doc
    if key.default is not None and not isinstance(key.default, dict):
        schema["default"] = key.default
    return schema


def _without_null(written: Schema) -> Schema:
    kinds = written.get("anyOf")
    if not isinstance(kinds, list):
        return dict(written)
    rest = [kind for kind in kinds if kind != {"type": "null"}]
    outer = {name: value for name, value in written.items() if name != "anyOf"}
    return {**outer, **rest[0]} if len(rest) == 1 else {**outer, "anyOf": rest}


def _appending(schema: Schema, name: str) -> Schema:
    kept = {key: value for key, value in schema.items() if key in {"type", "items"}}
    return {"description": f"Appends to the inherited `{name}`.", **kept}
