"""A draft as text, with comments for people who have not seen a polyarch.toml before.

What all images say alike stands once, in `[defaults]`, with `{image}` where their names stand.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from polyarch.ci.importing.draft import Draft, DraftImage, TomlValue
from polyarch.ci.importing.told import Kind
from polyarch.config.toml import toml_key, toml_value
from polyarch.errors import shorten

_WIDTH = 96
_SHOWN = 400
_PLACES = ("repositories", "context", "dockerfile", "target")
"""Keys in which `{image}` may stand."""

_WHAT = {
    "platforms": "What is built.",
    "repositories": "Where it is published; one digest holds in all of them.",
    "context": "The folder that the build sees, from this file's folder.",
    "tags": "Tags, as rules of docker/metadata-action.",
    "build-args": "Build arguments; expressions such as {{version}} work.",
    "cache": "Where layers are kept between builds.",
}


def draft_text(draft: Draft) -> str:
    """The whole file."""
    return "\n".join([*_head(draft), *_images(draft), *_rest(draft)]).rstrip() + "\n"


def _head(draft: Draft) -> Iterator[str]:
    yield f"# Made from {_printed(draft.source)}."
    yield "# `polyarch plan` shows what would be done; `polyarch publish --sandbox` rehearses it"
    yield "# on this machine. All keys: `polyarch schema`, docs/reference/config.md."
    left = draft.of_kind(Kind.LEFT, Kind.UNSEEN, Kind.ASSUMED)
    if left:
        yield "#"
        yield "# Not taken over, or not certain:"
    for each in left:
        place = f"line {each.line}: " if each.line else ""
        yield f"# - {_printed(f'{place}{each.what}: {each.why}')}"
        if each.todo:
            yield f"#   {_printed(each.todo)}"
    yield ""


def _images(draft: Draft) -> Iterator[str]:
    shared = _shared(draft.images)
    if shared:
        yield "# What all images have in common; {image} stands for the name of each."
        yield "[defaults]"
        yield from _keys(shared, "defaults", explained=True)
        yield ""
    for image in draft.images:
        for remark in image.remarks:
            yield f"# {_printed(remark)}"
        yield f"[images.{toml_key(image.name)}]"
        own = {key: value for key, value in image.keys.items() if key not in shared}
        yield from _keys(own, f"images.{toml_key(image.name)}", explained=not shared)
        yield ""


def _rest(draft: Draft) -> Iterator[str]:
    if draft.publish_on is not None:
        yield "# Only these events publish; all others build and prove. A pull request never does."
        yield "[publish]"
        yield from _keys({"on": draft.publish_on}, "publish")
        yield ""
    if draft.triggers:
        yield "# What starts the generated pipeline (`polyarch ci github`)."
        yield "[triggers]"
        yield from _keys(draft.triggers, "triggers")
        yield ""
    for host, table in draft.registries.items():
        yield "# Variables that hold the login; a secret's value never stands in this file."
        yield f"[registries.{toml_key(host)}]"
        yield from _keys(table, "")
        yield ""
    if draft.runners:
        yield "# Machines of the generated pipeline, by platform."
        yield "[runners]"
        yield from _keys(draft.runners, "")
        yield ""


def _shared(images: Sequence[DraftImage]) -> dict[str, TomlValue]:
    """Keys that say the same for every image, names apart."""
    if len(images) < 2:  # noqa: PLR2004 - one image shares with nobody
        return {}
    found: dict[str, TomlValue] = {}
    for key in images[0].keys:
        values = [_named(key, each) for each in images]
        if values[0] is not None and all(value == values[0] for value in values):
            found[key] = values[0]
    return found


def _named(key: str, image: DraftImage) -> TomlValue | None:
    """A value with `{image}` for the image's name, in keys that take it."""
    value = image.keys.get(key)
    if value is None or key not in _PLACES:
        return value
    name = re.compile(rf"(?<![a-z0-9]){re.escape(image.name)}(?![a-z0-9])")
    if isinstance(value, str):
        return name.sub("{image}", value)
    if isinstance(value, tuple):
        return tuple(_last(name, each) for each in value)
    return value


def _last(name: re.Pattern[str], repository: str) -> str:
    """The name in the last part of a repository; elsewhere it is a namespace."""
    front, slash, last = repository.rpartition("/")
    return f"{front}{slash}{name.sub('{image}', last)}"


def _keys(table: Mapping[str, TomlValue], path: str, *, explained: bool = False) -> Iterator[str]:
    later: list[tuple[str, Mapping[str, str]]] = []
    for key, value in table.items():
        if not value and not isinstance(value, bool) and key != "on":
            continue
        if isinstance(value, Mapping) and (not path or len(toml_value(dict(value))) > _WIDTH):
            later.append((key, value))
            continue
        if explained and key in _WHAT:
            yield f"# {_WHAT[key]}"
        yield from _pair(key, value)
    for key, value in later:
        yield f"[{path}.{toml_key(key)}]"
        yield from (f"{toml_key(name)} = {toml_value(text)}" for name, text in value.items())


def _pair(key: str, value: TomlValue) -> Iterator[str]:
    if isinstance(value, tuple):
        line = f"{toml_key(key)} = [{', '.join(toml_value(each) for each in value)}]"
        if len(line) <= _WIDTH:
            yield line
            return
        yield f"{toml_key(key)} = ["
        yield from (f"    {toml_value(each)}," for each in value)
        yield "]"
    elif isinstance(value, bool):
        yield f"{toml_key(key)} = {'true' if value else 'false'}"
    elif isinstance(value, str):
        yield f"{toml_key(key)} = {toml_value(value)}"
    else:
        yield f"{toml_key(key)} = {toml_value(dict(value))}"


def _printed(text: str) -> str:
    """In one line of a comment."""
    return shorten(" ".join(text.split()), _SHOWN)
