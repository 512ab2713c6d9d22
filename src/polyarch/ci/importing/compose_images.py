"""Services of a compose file that are built, as images; what is not taken over is told."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from polyarch.ci.compose_service import Build, Service
from polyarch.ci.importing.build_keys import BuildKeys, items_in, pairs_in
from polyarch.ci.importing.calls import complete
from polyarch.ci.importing.draft import DraftImage, TomlValue
from polyarch.ci.importing.groups import split_reference
from polyarch.ci.importing.images import slug
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.yaml import Tree
from polyarch.errors import InvalidPlatformError
from polyarch.oci.platform import Platform

PLATFORMS = ("linux/amd64", "linux/arm64")
"""What is suggested where nothing says which platforms are meant."""

_READ = frozenset(
    {"context", "dockerfile", "target", "args", "platforms", "labels", "secrets", "tags"}
)
_ELSEWHERE = "docker compose takes it from the environment"


@dataclass(slots=True, kw_only=True)
class ServiceReading:
    """One service and the file that it stands in; `image` is None where none is written."""

    service: Service
    file: Tree
    told: list[Told] = field(default_factory=list)
    keys: dict[str, TomlValue] = field(default_factory=dict)

    def image(self) -> DraftImage | None:
        """Read it."""
        build = self.service.build
        if build is None:
            return None
        given = self._tree("build")
        if given is None or self._tree("extends"):
            why = "of what it extends, context, Dockerfile, target and arguments alone are read"
            self.tell(self.service.line, "`extends`", why, "see what else stands in its `build`")
        more = BuildKeys(what=f"service `{self.service.name}`")
        table = (given.table or {}) if given else {}
        if "/" in self.service.file:  # its folders may count from elsewhere
            for key, tree in table.items():
                if key not in _READ - {"secrets"}:
                    more.left(key, tree, "keys of files that are included are not read")
                    more.lost = more.lost or key in {"dockerfile_inline", "additional_contexts"}
        else:
            more.read(table, _READ)
            self._secrets(table.get("secrets"), more)
        if not more.lost and not self._places(build):
            more.lost = True
        self.keys |= more.keys
        self._arguments(build, table.get("args"), more)
        self._labels(table.get("labels"), more)
        for each in items_in(table["tags"]) if "tags" in table else ():
            more.left("tags", each, "rules say which event gives which tag", "write it as a rule")
        name = self._named()
        self.told[:0] = [self._at(each) for each in more.told]
        remark = f"Service `{self.service.name}` of {self.service.file}, line {self.service.line}."
        return None if more.lost else DraftImage(name=name, keys=self.keys, remarks=(remark,))

    def _tree(self, key: str) -> Tree | None:
        services = self.file.get("services")
        own = services.get(self.service.name) if services else None
        return own.get(key) if own else None

    def _at(self, told: Told) -> Told:
        place = f"{self.service.file}:{told.line}: {told.what}"
        return Told(kind=told.kind, line=0, what=place, why=told.why, todo=told.todo)

    def tell(self, line: int, what: str, why: str, todo: str = "") -> None:
        """Tell of something in the file."""
        what = f"{what} of service `{self.service.name}`"
        told = Told(kind=Kind.LEFT, line=line, what=what, why=why, todo=todo)
        self.told.append(self._at(told))

    def _places(self, build: Build) -> bool:
        """Context, Dockerfile, target and platforms; False where one cannot be seen."""
        said = (("context", build.context), ("dockerfile", build.dockerfile))
        for key, each in (*said, ("target", build.target)):
            if each and (each.problem or each.unset):
                self.tell(each.line, f"`{key}`", _ELSEWHERE, "write the image yourself")
                return False
        context = posixpath.normpath(build.context.text if build.context else ".")
        name = build.dockerfile.text if build.dockerfile else "Dockerfile"
        path = posixpath.normpath(posixpath.join(context, name))
        if path.startswith(("/", "..")) or "://" in (build.context.text if build.context else ""):
            line = build.context.line if build.context else build.line
            self.tell(line, "the build context", "it lies outside of the project's folder")
            return False
        self.keys["platforms"] = tuple(dict.fromkeys(self._platforms())) or PLATFORMS
        self.keys["repositories"] = ()
        if context != ".":
            self.keys["context"] = context
        if path != posixpath.normpath(posixpath.join(context, "Dockerfile")):
            self.keys["dockerfile"] = path
        if build.target:
            self.keys["target"] = build.target.text
        return True

    def _platforms(self) -> Iterator[str]:
        build = self._tree("build")
        listed = build.get("platforms") if build else None
        listed = listed or self._tree("platforms") or self._tree("platform")
        for each in items_in(listed) if listed else ():
            try:
                yield str(Platform.parse(each.text or ""))
            except InvalidPlatformError:
                why = "it is no platform that can be told from the file"
                self.tell(each.line, f"the platform `{each.text}`", why, "write it to `platforms`")

    def _arguments(self, build: Build, tree: Tree | None, more: BuildKeys) -> None:
        self.keys["build-args"] = {key: value for key, value in build.args.items() if value}
        for name, each in pairs_in(tree) if tree else ():
            text = each.text
            if text is None:
                more.left(f"args.{name}", each, _ELSEWHERE, "write its value to `build-args`")
            elif "$" in text.replace("$$", ""):
                default = build.args.get(name)
                why = f"{_ELSEWHERE}; `{default}` is what it is without" if default else _ELSEWHERE
                more.left(f"args.{name}", each, why, "write its value to `build-args`")

    def _labels(self, tree: Tree | None, more: BuildKeys) -> None:
        found: dict[str, str] = {}
        for name, each in pairs_in(tree) if tree else ():
            if each.text is None or "$" in each.text:
                more.left(f"labels.{name}", each, _ELSEWHERE, "write it to `labels`")
            else:
                found[name] = each.text
        if found:
            self.keys["labels"] = found

    def _secrets(self, tree: Tree | None, more: BuildKeys) -> None:
        known = self.file.get("secrets")
        texts: list[Tree] = []
        for each in items_in(tree) if tree else ():
            source = each.get("source")
            name = each.text or (source.text if source else None) or ""
            wanted = each.get("target")
            told = (known.get(name) if known else None) or Tree(line=each.line)
            env, file = told.get("environment"), told.get("file")
            key, value = ("env", env.text) if env else ("src", file.text if file else None)
            if value is None or "$" in value:
                todo = "add `id=NAME,env=VARIABLE` to `secrets`"
                more.left(f"secrets.{name}", each, "the file does not say where it is", todo)
                continue
            value = posixpath.normpath(value) if key == "src" else value
            identity = wanted.text if wanted and wanted.text else name
            texts.append(Tree(line=each.line, text=f"id={identity},{key}={value}"))
        if texts:
            more.read({"secret": Tree(line=texts[0].line, items=tuple(texts))}, frozenset())

    def _named(self) -> str:
        said = self.service.image
        if said and (said.problem or said.unset):
            self.tell(said.line, "the image's name", _ELSEWHERE, "write it to `repositories`")
        named = said.text if said and not (said.problem or said.unset) else ""
        repository, tag = split_reference(named.partition("@")[0])
        if repository:
            self.keys["repositories"] = (complete(repository.lower()).removeprefix("docker.io/"),)
        if said and tag and tag != "latest":
            why = "rules say which event gives which tag"
            todo = f"`type=raw,value={tag}` under `tags` gives it for every event that publishes"
            self.tell(said.line, f"the tag `{tag}`", why, todo)
        return slug(repository.rpartition("/")[2]) or slug(self.service.name) or "image"


def service_images(
    services: Mapping[str, Service], files: Mapping[str, Tree]
) -> tuple[dict[str, DraftImage], tuple[Told, ...]]:
    """The images that services build, by service, and what is told; `files` by their names."""
    made: dict[str, DraftImage] = {}
    told: list[Told] = []
    for name, service in services.items():
        reading = ServiceReading(service=service, file=files.get(service.file, Tree(line=1)))
        image = reading.image()
        told += reading.told
        if image is not None:
            made[name] = image
    return made, tuple(told)
