"""Compose files, laid over each other as Docker Compose does, as far as images are concerned.

Source: the Compose specification: 13-merge.md, 14-include.md, 15-profiles.md, "extends" in
05-services.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from polyarch.ci.compose_reading import Reading
from polyarch.ci.compose_service import Service
from polyarch.ci.envfile import read_variables
from polyarch.ci.yaml import MAX_BYTES, Tree, read_yaml
from polyarch.errors import ComposeFileError, StackUnreadableError

MAX_FILES = 200
MAX_DEPTH = 16

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""What a folder's compose file is called, the preferred one first."""

ENV_FILE = ".env"
PROFILES = "COMPOSE_PROFILES"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRequest:
    """Files in the order in which they are laid over each other; `root` is what they are told from.

    `env_files` replace the `.env` beside the first one; `variables` are those of the environment,
    which count before those of files.
    """

    root: Path
    files: tuple[Path, ...]
    profiles: tuple[str, ...] = ()
    env_files: tuple[Path, ...] = ()
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The services that would start, by name as written, and those of other profiles.

    `file` is the first one's name, `notes` are what could not be followed.
    """

    file: str
    services: tuple[Service, ...]
    left_out: tuple[Service, ...] = ()
    notes: tuple[str, ...] = ()


def read_stack(request: StackRequest) -> Stack:
    """Read compose files.

    Raises:
        StackError: one of them cannot be read, or says what cannot be.
    """
    reader = _Reader(root=request.root)
    files = [each for path in request.files for each in reader.files_of(path)]
    folder = files[0].parent
    variables = reader.variables(folder, request.env_files, request.variables)
    profiles = request.profiles or tuple(
        each.strip() for each in variables.get(PROFILES, "").split(",") if each.strip()
    )
    services: dict[str, Service] = {}
    for path in files:
        found = reader.file(path, folder, variables, 0)
        services |= {name: each.over(services.get(name)) for name, each in found.items()}
    active = frozenset(profiles)
    return Stack(
        file=reader.shown(files[0]),
        services=tuple(each for each in services.values() if each.runs_with(active)),
        left_out=tuple(each for each in services.values() if not each.runs_with(active)),
        notes=tuple(dict.fromkeys(reader.notes)),
    )


@dataclass(slots=True, kw_only=True)
class _Reader:
    root: Path
    trees: dict[Path, Tree] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def file(
        self, path: Path, folder: Path, variables: Mapping[str, str], depth: int
    ) -> dict[str, Service]:
        """The services of one file, what it includes first; paths begin at `folder`."""
        tree = self._tree(path)
        reading = Reading(name=self.shown(path), folder=folder, variables=variables)
        found: dict[str, Service] = {}
        for included in self._included(tree, reading, depth):
            found |= included
        for name in self._services(tree, reading):
            found[name] = self._service(path, reading, name, ()).over(found.get(name))
        return found

    def _service(
        self, path: Path, reading: Reading, name: str, trail: tuple[tuple[Path, str], ...]
    ) -> Service:
        """A service with all that it extends."""
        services = self._services(self._tree(path), reading)
        tree = services[name]
        own = reading.service(name, tree)
        extended = tree.get("extends")
        if extended is None or extended.is_null or extended.tag == "!reset":
            return own
        file, wanted = self._extended(extended, reading)
        where = path if file is None else file
        if (where, wanted) in trail or len(trail) > MAX_DEPTH:
            reason = f"`{wanted}` extends itself, or too many others"
            raise ComposeFileError(reading.name, extended.line, reason)
        base = reading
        if file is not None:
            shown = self.shown(file)
            base = Reading(name=shown, folder=file.parent, variables=reading.variables)
        if wanted not in self._services(self._tree(where), base):
            reason = f"there is no service `{wanted}` in `{base.name}` to extend"
            raise ComposeFileError(reading.name, extended.line, reason)
        return own.over(self._service(where, base, wanted, (*trail, (where, wanted))))

    def _extended(self, tree: Tree, reading: Reading) -> tuple[Path | None, str]:
        if tree.text is not None:
            said = reading.said(tree, "extends")
            return None, said.text if said else ""
        table = reading.table(tree, "extends")
        wanted = reading.said(table.get("service"), "extends.service")
        file = reading.said(table.get("file"), "extends.file")
        if wanted is None:
            raise ComposeFileError(reading.name, tree.line, "`extends` names no service")
        return (reading.path(file.text) if file else None), wanted.text

    def _included(self, tree: Tree, reading: Reading, depth: int) -> Iterator[dict[str, Service]]:
        listed = tree.get("include")
        if listed is None or listed.is_null:
            return
        if listed.items is None:
            raise ComposeFileError(reading.name, listed.line, "`include` is no list")
        if depth >= MAX_DEPTH:
            reason = "files include each other without end"
            raise ComposeFileError(reading.name, listed.line, reason)
        for item in listed.items:
            yield from self._include(item, reading, depth)

    def _include(self, item: Tree, reading: Reading, depth: int) -> Iterator[dict[str, Service]]:
        table = {"path": item} if item.text is not None else reading.table(item, "include")
        paths = self._texts(table.get("path"), reading)
        remote = [path for path in paths if "://" in path or path.startswith("git@")]
        if remote:
            self.notes.append(f"`{remote[0]}`, which `{reading.name}` includes, is not fetched")
            return
        if not paths:
            raise ComposeFileError(reading.name, item.line, "`include` names no file")
        files = [reading.path(path) for path in paths]
        named = reading.said(table.get("project_directory"), "project_directory")
        folder = reading.path(named.text) if named else files[0].parent
        env = [reading.path(each) for each in self._texts(table.get("env_file"), reading)]
        variables = self.variables(folder, env, reading.variables)
        merged: dict[str, Service] = {}
        for file in files:
            found = self.file(file, folder, variables, depth + 1)
            merged |= {name: each.over(merged.get(name)) for name, each in found.items()}
        yield merged

    def _texts(self, tree: Tree | None, reading: Reading) -> list[str]:
        """A text, or a list of them, with their variables replaced."""
        listed = [] if tree is None or tree.is_null else list(tree.items or (tree,))
        return [said.text for each in listed if (said := reading.said(each, "include"))]

    def _services(self, tree: Tree, reading: Reading) -> Mapping[str, Tree]:
        listed = tree.get("services")
        if listed is None or listed.is_null:
            return {}
        return reading.table(listed, "services")

    def _tree(self, path: Path) -> Tree:
        known = self.trees.get(path)
        if known is None:
            if len(self.trees) >= MAX_FILES:
                raise ComposeFileError(
                    self.shown(path), 1, "there are too many files in this stack"
                )
            known = read_yaml(self._read(path), self.shown(path))
            if known.table is None and not known.is_null:
                raise ComposeFileError(self.shown(path), 1, "it is no table")
            self.trees[path] = known
        return known

    def files_of(self, path: Path) -> tuple[Path, ...]:
        """A file itself; of a folder its compose file, with the override beside it."""
        if not path.is_dir():
            return (path,)
        for name in NAMES:
            found = path / name
            if found.is_file():
                stem, _, suffix = name.rpartition(".")
                others = [path / f"{stem}.override.{each}" for each in (suffix, "yml", "yaml")]
                override = next((each for each in others if each.is_file()), None)
                return (found, override) if override else (found,)
        raise StackUnreadableError(self.shown(path), f"there is no `{NAMES[0]}` in this folder")

    def variables(
        self, folder: Path, env_files: Sequence[Path], outer: Mapping[str, str]
    ) -> Mapping[str, str]:
        """The variables of files, under those that are set already."""
        default = folder / ENV_FILE
        files = env_files or ([default] if default.is_file() else [])
        found: dict[str, str] = {}
        for path in files:
            text = self._read(path).decode("utf-8", "replace")
            found |= read_variables(text, self.shown(path), {**found, **outer})
        return {**found, **outer}

    def shown(self, path: Path) -> str:
        """How a file is told: from the root, where it lies below that."""
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)

    def _read(self, path: Path) -> bytes:
        try:
            if path.exists() and not path.is_file():
                raise StackUnreadableError(self.shown(path), "it is no file")
            with path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise StackUnreadableError(self.shown(path), reason.lower()) from error
