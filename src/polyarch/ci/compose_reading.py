"""One service's table, read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from polyarch.ci.compose_service import Build, Said, Service
from polyarch.ci.interpolation import interpolate
from polyarch.ci.yaml import Tree
from polyarch.errors import ComposeFileError, InterpolationError

_KEYS = ("image", "platform", "build", "profiles")
_REMOTE = ("http://", "https://", "git://", "git@", "ssh://", "github.com/", "oci://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A file that is read: its name in messages, where its paths begin, and its variables."""

    name: str
    folder: Path
    variables: Mapping[str, str]

    def service(self, name: str, tree: Tree) -> Service:
        """What the file says of a service.

        Raises:
            ComposeFileError: something in it is not of the form that it should be.
        """
        table = self.table(tree, f"services.{name}")
        tags = {key: table[key].tag for key in _KEYS if key in table}
        cleared = frozenset(key for key, tag in tags.items() if tag == "!reset")
        kept = {key: value for key, value in table.items() if key not in cleared}
        build = kept.get("build")
        return Service(
            name=name,
            file=self.name,
            line=tree.line,
            image=self.said(kept.get("image"), "image"),
            platform=self.said(kept.get("platform"), "platform"),
            build=self._build(build) if build and not build.is_null else None,
            profiles=self._texts(kept.get("profiles"), "profiles"),
            cleared=cleared,
            alone=frozenset(key for key, tag in tags.items() if tag == "!override"),
        )

    def said(self, tree: Tree | None, key: str) -> Said | None:
        """A text, its variables replaced; None where there is none.

        Raises:
            ComposeFileError: it is a list or a table.
        """
        if tree is None or tree.is_null:
            return None
        if tree.text is None:
            raise ComposeFileError(self.name, tree.line, f"`{key}` is no text")
        try:
            found = interpolate(tree.text, self.variables)
        except InterpolationError as error:
            return Said(text="", file=self.name, line=tree.line, problem=error.reason)
        return Said(text=found.text, file=self.name, line=tree.line, unset=found.unset)

    def table(self, tree: Tree, key: str) -> Mapping[str, Tree]:
        """A table.

        Raises:
            ComposeFileError: it is something else.
        """
        if tree.table is None:
            raise ComposeFileError(self.name, tree.line, f"`{key}` is no table")
        return tree.table

    def path(self, text: str) -> Path:
        """A path of the file."""
        return self.folder / Path(text).expanduser() if text.startswith("~") else self.folder / text

    def _build(self, tree: Tree) -> Build:
        if tree.text is not None:
            return Build(line=tree.line, context=self._context(tree))
        table = self.table(tree, "build")
        inline = table.get("dockerfile_inline")
        return Build(
            line=tree.line,
            context=self._context(table.get("context")),
            dockerfile=self.said(table.get("dockerfile"), "dockerfile"),
            target=self.said(table.get("target"), "target"),
            args=self._arguments(table.get("args")),
            inline=inline is not None and not inline.is_null,
        )

    def _context(self, tree: Tree | None) -> Said | None:
        said = self.said(tree, "context")
        if said is None or said.problem or said.text.startswith(_REMOTE):
            return said
        path = str(self.path(said.text))
        return Said(text=path, file=said.file, line=said.line, unset=said.unset)

    def _arguments(self, tree: Tree | None) -> Mapping[str, str]:
        """Those of a table, or of a list of `NAME=value`; without one it comes from outside."""
        if tree is None or tree.is_null:
            return MappingProxyType({})
        if tree.table is not None:
            pairs = [(key, self.said(value, key)) for key, value in tree.table.items()]
            told = {key: said.text if said else None for key, said in pairs}
        else:
            told = {}
            for text in self._texts(tree, "args"):
                name, equals, value = text.partition("=")
                told[name] = value if equals else None
        found = {
            name: self.variables.get(name) if value is None else value
            for name, value in told.items()
        }
        return MappingProxyType({name: value for name, value in found.items() if value is not None})

    def _texts(self, tree: Tree | None, key: str) -> tuple[str, ...]:
        if tree is None or tree.is_null:
            return ()
        if tree.items is None:
            raise ComposeFileError(self.name, tree.line, f"`{key}` is no list")
        said = (self.said(each, key) for each in tree.items)
        return tuple(each.text for each in said if each)
