"""Keys of a bake target or of a compose file's `build`, in the words of polyarch.toml.

Both have the same keys in almost the same forms. What is not taken over is told, key by key.

Source: docs.docker.com, "Bake file reference"; the Compose specification, "build".
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from polyarch.ci.importing.draft import DraftImage, TomlValue
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.yaml import Tree
from polyarch.config.forms import named_context_problem
from polyarch.host.git_url import is_git

TARGET = "target:"
"""What stands before the name of another target, or service, that a build takes as a context."""

_SECRET = re.compile(r"id=[A-Za-z0-9_.-]+,(?:env=[A-Za-z_][A-Za-z0-9_]*|src=[^,]+)")
_SSH = re.compile(r"[A-Za-z0-9_.-]+(?:=[^,=]+)?")
_LEVELS = re.compile(
    r"(?P<levels>(?:(?:index|manifest)(?:-descriptor)?(?:\[[^\]]*\])?,?)+):(?P<rest>.*)"
)
_NETWORKS = frozenset({"default", "none", "host"})
_PUSHED = re.compile(r"type=registry(?:,.*)?|type=image(?:,.*)?|type=docker")
_WHY = {
    "attest": "polyarch asks engines for none: one digest is to hold in every registry",
    "provenance": "polyarch asks engines for none: one digest is to hold in every registry",
    "sbom": "polyarch asks engines for none: one digest is to hold in every registry",
    "pull": "polyarch builds on the bases' newest digests by itself",
    "no-cache": "polyarch builds what changed; no key switches that off",
    "call": "such a target builds no image",
    "cache-to": "this cache has no key that says just the same",
    "cache-from": "this cache has no key that says just the same",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class BuildKeys:
    """Keys of an image, and what is told of the others; `lost` where it would be another image."""

    what: str
    keys: dict[str, TomlValue] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    lost: bool = False

    def read(self, given: Mapping[str, Tree], done: frozenset[str]) -> None:
        """Take over what there is a key for, and tell the rest; `done` are read elsewhere."""
        for key, tree in given.items():
            name = key.replace("_", "-")
            if name in done or tree.text == "false" or tree.items == () or tree.table == {}:
                continue
            reader = _READERS.get(name)
            if reader is not None:
                reader(self, key, tree)
            elif name not in {"cache-from", "cache-to"}:
                self.left(key, tree, _WHY.get(name, "no key of polyarch.toml says this"))
                self.lost = self.lost or (name == "call" and tree.text != "build")
        self._cache({key.replace("_", "-"): tree for key, tree in given.items()})

    def left(self, key: str, tree: Tree, why: str, todo: str = "") -> None:
        """Tell of a key, or of an item of it, that is not taken over."""
        shown = f" = {tree.text}" if tree.text is not None and tree.text != "" else ""
        what = f"`{key}{shown}` of {self.what}"
        self.told.append(Told(kind=Kind.LEFT, line=tree.line, what=what, why=why, todo=todo))

    def _inline(self, key: str, tree: Tree) -> None:
        why = "its Dockerfile stands in this file: without it another image would be built"
        todo = "put its text into a Dockerfile of its own, then write the image into polyarch.toml"
        self.left(key, replace(tree, text=None), why, todo)
        self.lost = True

    def _contexts(self, key: str, tree: Tree) -> None:
        found: dict[str, str] = {}
        for name, each in pairs_in(tree):
            text = (each.text or "").replace("service:", TARGET, 1)
            is_place = "://" in text or text.startswith(TARGET) or is_git(text)
            text = text if is_place else posixpath.normpath(text)
            problem = None if text.startswith(TARGET) else named_context_problem(text)
            if each.text is None or "$" in text:
                problem = "only a run can work it out"
            elif not is_place and text.startswith(("/", "..", "~")):
                problem = "it lies outside of the project"
            if problem or not name:
                why = f"{problem or 'it has no name'}: without it another image would be built"
                self.left(f"{key}.{name}", each, why, "write the image into polyarch.toml")
                self.lost = True
            else:
                found[name] = text
        self.keys["contexts"] = found

    def _secrets(self, key: str, tree: Tree) -> None:
        found: list[str] = []
        for each in items_in(tree):
            fields = _fields(each)
            source = fields.get("src", fields.get("source", ""))
            where = f"env={fields['env']}" if fields.get("env") else f"src={source}"
            text = f"id={fields.get('id', '')},{where}"
            if _SECRET.fullmatch(text):
                found.append(text)
            else:
                todo = "add `id=NAME,env=VARIABLE` or `id=NAME,src=FILE` to `secrets`"
                self.left(key, each, "it does not say which variable or file holds it", todo)
        self.keys["secrets"] = tuple(dict.fromkeys(found))

    def _ssh(self, key: str, tree: Tree) -> None:
        found: list[str] = []
        for each in items_in(tree):
            fields = _fields(each) if each.table is not None else {}
            text = each.text or "=".join(x for x in (fields.get("id"), fields.get("paths")) if x)
            if _SSH.fullmatch(text):
                found.append(text)
            else:
                self.left(key, each, "it is no agent or key in a form that `ssh` takes")
        self.keys["ssh"] = tuple(dict.fromkeys(found))

    def _annotations(self, key: str, tree: Tree) -> None:
        found: dict[str, str] = {}
        levels: list[str] = []
        for each in items_in(tree):
            match = _LEVELS.fullmatch(each.text or "")
            name, sign, value = (match["rest"] if match else each.text or "").partition("=")
            named = match["levels"].split(",") if match else ["manifest"]
            if not sign or not name or "[" in "".join(named):
                self.left(key, each, "it is no `NAME=value` for all platforms")
                continue
            found[name] = value
            levels += (level for level in named if level)
        self.keys["annotations"] = found
        if found:
            self.keys["annotation-levels"] = tuple(dict.fromkeys(levels))

    def _network(self, key: str, tree: Tree) -> None:
        if tree.text in _NETWORKS:
            self.keys["network"] = tree.text
        else:
            self.left(key, tree, "polyarch.toml takes `default`, `none` and `host`")

    def _output(self, key: str, tree: Tree) -> None:
        for each in items_in(tree):
            text = each.text or ",".join(f"{k}={v}" for k, v in _fields(each).items())
            if not _PUSHED.fullmatch(text):
                why = "polyarch makes an image, and pushes it; other results it has none"
                self.left(key, each, why, "take the image out where none is meant")

    def _cache(self, given: Mapping[str, Tree]) -> None:
        trees = [(key, given[key]) for key in ("cache-from", "cache-to") if key in given]
        items = [(key, each) for key, tree in trees for each in items_in(tree)]
        kinds = {_fields(each).get("type", "") for _, each in items}
        if kinds == {"gha"}:
            self.keys["cache"] = "gha"
            return
        for key, each in items:
            self.left(key, each, _WHY[key], "choose `cache` yourself")


_READERS = {
    "dockerfile-inline": BuildKeys._inline,  # noqa: SLF001 - its own table of keys
    "contexts": BuildKeys._contexts,  # noqa: SLF001 - as above
    "additional-contexts": BuildKeys._contexts,  # noqa: SLF001 - as above
    "secret": BuildKeys._secrets,  # noqa: SLF001 - as above
    "ssh": BuildKeys._ssh,  # noqa: SLF001 - as above
    "annotations": BuildKeys._annotations,  # noqa: SLF001 - as above
    "network": BuildKeys._network,  # noqa: SLF001 - as above
    "output": BuildKeys._output,  # noqa: SLF001 - as above
}


def linked(
    images: Mapping[str, DraftImage],
) -> tuple[tuple[DraftImage, ...], tuple[Told, ...]]:
    """Images, by the name of what each was made of, with each other as contexts.

    One that takes what is no image here is left out, as it would be built of something else.
    """
    kept, told = dict(images), list[Told]()
    for _ in images:
        gone = {name: lost for name, each in kept.items() if (lost := _missing(each, kept))}
        for name, lost in gone.items():
            why = f"it takes `{lost}` as a context, which is no image here"
            todo = "write both into polyarch.toml"
            told.append(Told(kind=Kind.LEFT, line=0, what=f"`{name}`", why=why, todo=todo))
            del kept[name]
        if not gone:
            break
    return tuple(_with_contexts(each, kept) for each in kept.values()), tuple(told)


def _wanted(image: DraftImage) -> Mapping[str, str]:
    contexts = image.keys.get("contexts")
    return contexts if isinstance(contexts, Mapping) else {}


def _missing(image: DraftImage, kept: Mapping[str, DraftImage]) -> str:
    for text in _wanted(image).values():
        if text.startswith(TARGET) and text.removeprefix(TARGET) not in kept:
            return text
    return ""


def _with_contexts(image: DraftImage, kept: Mapping[str, DraftImage]) -> DraftImage:
    contexts = {
        name: f"image:{kept[text.removeprefix(TARGET)].name}" if text.startswith(TARGET) else text
        for name, text in _wanted(image).items()
    }
    return replace(image, keys={**image.keys, "contexts": contexts}) if contexts else image


def items_in(tree: Tree) -> Iterator[Tree]:
    """The items of a list, or the only one."""
    yield from (tree,) if tree.items is None else tree.items


def pairs_in(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """Those of a table, or of a list of `NAME=value`."""
    if tree.table is not None:
        yield from tree.table.items()
        return
    for each in items_in(tree):
        name, sign, value = (each.text or "").partition("=")
        yield name, replace(each, text=value if sign else None)


def _fields(tree: Tree) -> dict[str, str]:
    """Those of `a=b,c=d`, or of a table; of a list in it the only item."""
    if tree.table is None:
        pairs = (each.partition("=") for each in (tree.text or "").split(","))
        return {key.strip(): value.strip() for key, _, value in pairs}
    found: dict[str, str] = {}
    for key, each in tree.table.items():
        only = each.items[0] if each.items and len(each.items) == 1 else each
        found[key] = only.text or ""
    return found
