"""`config show`: what an image's table comes to, each value with the place that it comes from.

Secrets cannot appear: the file holds names of variables and files only, and of a command that
prints a password no more than the program's name is shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from polyarch.config.keypath import show_path
from polyarch.config.keys import keys_of
from polyarch.config.merge import Leaf, leaves
from polyarch.config.project import ImageSettings, Project, Value
from polyarch.config.schema import ImageTable
from polyarch.config.source import Source
from polyarch.config.toml import toml_key, toml_value

_IMAGES = "images"
_COMMAND = "password-command"
_HIDDEN = "…"
_WIDEST = 60
"""Columns; a longer value does not push the comments of the others away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value: `key` is its path within `table`; `source` is text such as `polyarch.toml:7`."""

    table: tuple[str, ...]
    key: tuple[str, ...]
    value: object
    source: str

    def to_json(self) -> dict[str, object]:
        """The row with its whole key path."""
        path = show_path((*self.table, *self.key))
        return {
            "key": path,
            "value": self.value,
            "source": self.source,
        }


def image_rows(project: Project, image: str) -> tuple[Row, ...]:
    """The image's values, what differs for its platforms, and what concerns its publishing."""
    settings = project.images[image]
    return (
        *_image(settings),
        *_platforms(settings),
        *(_row(("publish",), value) for value in project.publish.values),
        *(_row(("verify",), value) for value in project.verify.values),
        *(_row((name,), value) for name, values in project.upkeep.items() for value in values),
        *_registries(project, settings),
    )


def together(images: Iterable[Sequence[Row]]) -> tuple[Row, ...]:
    """The rows of several images as one document: what they share stands once, at the end."""
    own: list[Row] = []
    shared: dict[tuple[str, ...], Row] = {}
    for row in (row for rows in images for row in rows):
        if row.table[0] == _IMAGES:
            own.append(row)
        else:
            shared.setdefault((*row.table, *row.key), row)
    return (*own, *shared.values())


def as_toml(rows: Sequence[Row]) -> str:
    """The rows as a TOML document, each source in a comment behind its value."""
    lines: list[str] = []
    for table, members in groupby(rows, key=lambda row: row.table):
        pairs = [(_pair(row), row.source) for row in members]
        width = max((len(pair) for pair, _ in pairs if len(pair) <= _WIDEST), default=0)
        header = ".".join(toml_key(key) for key in table)
        lines += ["", f"[{header}]"] if lines else [f"[{header}]"]
        lines += [f"{pair:<{width}}  # {source}" for pair, source in pairs]
    return "\n".join(lines) + "\n"


def source_text(sources: Iterable[Source]) -> str:
    """The places of one value; a list that was appended to has several."""
    return " + ".join(dict.fromkeys(str(source) for source in sources))


def _pair(row: Row) -> str:
    return f"{'.'.join(toml_key(key) for key in row.key)} = {toml_value(row.value)}"


def _image(settings: ImageSettings) -> Iterator[Row]:
    order = list(keys_of(ImageTable))
    for value in sorted(settings.values, key=lambda value: order.index(value.path[0])):
        yield _row((_IMAGES, settings.name), value)


def _platforms(settings: ImageSettings) -> Iterator[Row]:
    for platform, build in settings.per_platform.items():
        table = (_IMAGES, settings.name, "platform", str(platform))
        for value in build.values:
            if value not in settings.values:
                yield _row(table, value)


def _registries(project: Project, settings: ImageSettings) -> Iterator[Row]:
    seen: set[str] = set()
    for repository in settings.repositories:
        prefix = project.registries.of(repository).prefix
        if not prefix or prefix in seen:
            continue
        seen.add(prefix)
        for path, leaf in leaves(project.registries.tree_of(repository)):
            value = Value(path=path, value=_harmless(path, leaf), sources=leaf.sources)
            yield _row(("registries", prefix), value)


def _harmless(path: tuple[str, ...], leaf: Leaf) -> object:
    if path[-1] == _COMMAND and isinstance(leaf.value, list):
        return [*leaf.value[:1], *[_HIDDEN for _ in leaf.value[1:2]]]
    return leaf.value


def _row(path: tuple[str, ...], value: Value) -> Row:
    return Row(
        table=path,
        key=value.path,
        value=value.value,
        source=source_text(value.sources),
    )
