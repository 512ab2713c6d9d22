"""How an image is built, in the words of polyarch.toml, from the inputs of a build action."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from polyarch.ci.expressions import expressions_in
from polyarch.ci.importing.calls import GIT
from polyarch.ci.importing.groups import BuildGroup
from polyarch.ci.importing.images import FoundImage
from polyarch.ci.importing.listed import lines_of, pairs_of
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.importing.written import EXPRESSION
from polyarch.errors import InvalidPlatformError
from polyarch.host.git_url import is_git
from polyarch.oci.platform import Platform

_JSON = (
    r"fromjson\(\s*steps\.[\w-]+\.outputs\.json\s*\)\.labels\['org\.opencontainers\.image\.{}'\]"
)
_WORDS: tuple[tuple[str, str], ...] = (
    (r"github\.sha", "{{revision}}"),
    (r"github\.event\.repository\.default_branch", ""),
    (r"steps\.[\w-]+\.outputs\.version", "{{version}}"),
    (_JSON.format("version") + r"(?:\s*\|\|\s*'[\w.-]*')?", "{{version}}"),
    (_JSON.format("revision"), "{{revision}}"),
    (_JSON.format("created"), "{{commit_date}}"),
)
_META = re.compile(r"\{\{meta\.version\}\}")
_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SECRET = re.compile(r"\$\{\{\s*secrets\.([A-Za-z_]\w*)\s*\}\}")
_OWN = "org.opencontainers.image."
_OBEYED = frozenset(
    {
        "context", "file", "target", "targets", "platforms", "push", "tags", "labels", "build-args",
        "outputs", "load", "secrets", "secret-envs", "cache-from", "cache-to", "build-contexts",
        "annotations", "network", "ssh", "builder", "set", "files", "setup-qemu", "output", "cache",
        "cache-mode", "cache-scope", "meta-images", "meta-tags", "meta-flavor", "meta-labels",
        "set-meta-labels", "fail-fast", "github-token", "registry-auths", "workdir", "source",
        "meta-annotations", "set-meta-annotations",
    }
)  # fmt: skip
_NOTHING_LOST = {
    "provenance": "polyarch asks engines for none: one digest is to hold in every registry",
    "sbom": "polyarch asks engines for none: one digest is to hold in every registry",
    "sign": "polyarch does not sign",
    "pull": "polyarch builds on the bases' newest digests by itself",
}


@dataclass(slots=True, kw_only=True)
class ImageKeys:
    """The keys of an image's table beside its names; texts as the file takes them."""

    context: str = "."
    dockerfile: str = ""
    target: str = ""
    platforms: list[str] = field(default_factory=list)
    build_args: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    contexts: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    network: str = ""
    cache: str = ""
    told: list[Told] = field(default_factory=list)


def keys_of(image: FoundImage) -> ImageKeys:
    """Read the inputs of the build that says how an image is built."""
    return _Reader(group=image.first, image=image).read()


@dataclass(slots=True, kw_only=True)
class _Reader:
    group: BuildGroup
    image: FoundImage
    keys: ImageKeys = field(default_factory=ImageKeys)

    def read(self) -> ImageKeys:
        self._places()
        self._platforms()
        for name, value in self.group.call.build_args:
            self._argument(name, value)
        self._labels()
        self._secrets()
        self._cache()
        for name, value in pairs_of(self.group.call.played.text("build-contexts")):
            if not self._unknown("build-contexts", f"{name}={value}", value):
                self.keys.contexts[name] = value
        if (network := self._input("network")) in {"none", "host"}:
            self.keys.network = network
        self._rest()
        return self.keys

    def _input(self, key: str) -> str:
        return self.group.call.played.text(key)

    def _tell(self, kind: Kind, key: str, what: str, why: str, todo: str = "") -> None:
        item = what.partition(": ")[2].partition("=")[0]
        line = self.group.call.played.step.line_of(key, item)
        told = Told(kind=kind, line=line, what=what, why=why, todo=todo)
        self.keys.told.append(told)

    def _unknown(self, key: str, what: str, value: str) -> bool:
        """Tell of a value that holds what only a run knows."""
        names = expressions_in(value)
        if names:
            shown = ", ".join(f"`{each}`" for each in names)
            self._tell(
                Kind.LEFT, key, what, f"only a run can tell {shown}", "write its value yourself"
            )
        return bool(names)

    def _places(self) -> None:
        group = self.group
        if group.context == GIT:
            self._tell(
                Kind.CHANGED,
                "context",
                "no `context`",
                "the action then builds the commit as it lies in the repository; polyarch builds"
                " the checked-out folder, in CI with what earlier steps changed in it",
            )
        elif not self._unknown("context", f"context: {group.context}", group.context):
            if is_git(group.context) or not group.context.startswith(("/", "..", "~")):
                self.keys.context = group.context
            else:
                why = "it is outside of the project"
                self._tell(Kind.LEFT, "context", f"context: {group.context}", why)
        if group.call.bake_files:
            return
        if not self._unknown("file", f"file: {group.dockerfile}", group.dockerfile):
            self.keys.dockerfile = group.dockerfile
        if not self._unknown("target", f"target: {group.target}", group.target):
            self.keys.target = group.target

    def _platforms(self) -> None:
        for text in self.group.platforms:
            try:
                name = str(Platform.parse(text))
            except InvalidPlatformError:
                if not self._unknown("platforms", f"platforms: {text}", text):
                    why = "this is no platform"
                    self._tell(Kind.LEFT, "platforms", f"platforms: {text}", why)
                continue
            if name not in self.keys.platforms:
                self.keys.platforms.append(name)

    def _argument(self, name: str, value: str) -> None:
        said = _META.sub("{{version}}", value)
        text = in_our_words(said)
        if not _ARGUMENT.fullmatch(name):
            why = "this is no name of a build argument"
            self._tell(Kind.LEFT, "build-args", f"build-args: {name}", why)
        elif text is None:
            if _SECRET.search(value):
                why = "a secret in a build argument stays in the image's history"
                todo = "hand it to the build as a secret, with `secrets`"
                self._tell(Kind.LEFT, "build-args", f"build-args: {name}={value}", why, todo)
            else:
                self._unknown("build-args", f"build-args: {name}={value}", value)
        else:
            self.keys.build_args[name] = text
            if "{{commit_date}}" in text:
                self._tell(
                    Kind.CHANGED,
                    "build-args",
                    f"build-args: {name}={value}",
                    "the commit's time is taken for that of the build, so that the same commit"
                    " gives the same image",
                )

    def _labels(self) -> None:
        meta = self.group.meta
        written = [*(meta.labels if meta else ()), *self.group.call.labels]
        self._pairs("labels", written, self.keys.labels)
        annotations = [*(meta.annotations if meta else ()), *lines_of(self._input("annotations"))]
        self._pairs("annotations", annotations, self.keys.annotations)

    def _pairs(self, key: str, written: Sequence[str], into: dict[str, str]) -> None:
        for line in written:
            name, sign, value = line.partition("=")
            name = re.sub(r"^(?:index|manifest)(?:-descriptor)?:", "", name.strip())
            if not sign or not name or "${{" in name:
                continue
            short = name.removeprefix(_OWN)
            if short in {"created", "revision", "version"} and name != short and "${{" in value:
                continue  # what polyarch writes there says the same of the commit
            text = in_our_words(value)
            if text is None:
                self._unknown(key, f"{key}: {line}", value)
            else:
                into[name] = text

    def _secrets(self) -> None:
        for line in lines_of(self._input("secrets")):
            name, _, value = line.partition("=")
            found = _SECRET.fullmatch(value.strip())
            if name.strip().upper() == "GIT_AUTH_TOKEN":
                why = "contexts are the checked-out folder, which needs no token"
                self._tell(Kind.CHANGED, "secrets", f"secrets: {name.strip()}", why)
            elif found:
                self.keys.secrets.append(f"id={name.strip()},env={found[1]}")
            else:
                why = "its value is no secret of the CI that a variable could hold"
                todo = "set a variable and add `id=…,env=…` to `secrets`"
                self._tell(Kind.LEFT, "secrets", f"secrets: {name.strip()}", why, todo)
        for line in lines_of(self._input("secret-envs")):
            name, _, variable = line.partition("=")
            if re.fullmatch(r"[A-Za-z_]\w*", variable.strip()):
                self.keys.secrets.append(f"id={name.strip()},env={variable.strip()}")

    def _cache(self) -> None:
        kinds = {
            found[1]
            for key in ("cache-from", "cache-to")
            for line in lines_of(self._input(key))
            if (found := re.search(r"(?:^|,)type=([a-z0-9]+)", line))
        }
        if self._input("cache") == "true":
            kinds.add("gha")
        if len(kinds) == 1 and (only := next(iter(kinds))) in {"gha", "registry", "local"}:
            self.keys.cache = only
            if only == "local":
                why = "polyarch keeps its own folder, apart for each platform, and swaps it safely"
                self._tell(Kind.CHANGED, "cache-to", f"cache: type={only}", why)
        elif kinds:
            text = ", ".join(sorted(kinds))
            why = "one kind of cache per image is all that polyarch keeps"
            todo = "choose `cache` yourself"
            self._tell(Kind.LEFT, "cache-to", f"cache: {text}", why, todo)

    def _rest(self) -> None:
        """Inputs that nothing was made of."""
        step = self.group.call.played.step
        for key in step.inputs:
            value = step.input(key)
            if key in _OBEYED or value in {"", "false"} or key == "no-cache":
                continue
            why = _NOTHING_LOST.get(key, "no key of polyarch.toml says this")
            kind = Kind.CHANGED if key == "pull" else Kind.LEFT
            self._tell(kind, key, f"{key}: {value.strip()}", why)


def in_our_words(text: str) -> str | None:
    """A text with metadata expressions in place of GitHub's; None where there are none for it."""
    if "${{" not in text:
        return text

    def put(found: re.Match[str]) -> str:
        inside = " ".join(found[0][3:-2].split())
        for pattern, words in _WORDS:
            if words and re.fullmatch(pattern, inside, re.IGNORECASE):
                return words
        return found[0]

    made = EXPRESSION.sub(put, text)
    return None if "${{" in made else made


def runners_of(images: Sequence[FoundImage]) -> Mapping[str, str]:
    """Labels of machines by platform, where platforms have machines of their own."""
    found: dict[str, str] = dict(_runners(images))
    labels = set(found.values())
    return found if len(labels) > 1 and all("${{" not in each for each in labels) else {}


def _runners(images: Sequence[FoundImage]) -> Iterator[tuple[str, str]]:
    for image in images:
        for group in image.groups:
            if len(group.calls) > 1:
                yield from group.runners.items()
