"""Builds of a workflow put together: the runs of a matrix that make one image, and the others.

A reference is `repository:tag`; a digest behind it is no tag.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from polyarch.ci.importing.calls import GIT, BuildCall, Meta, complete
from polyarch.ci.importing.draft import TomlValue
from polyarch.ci.importing.written import EXPRESSION
from polyarch.errors import InvalidPlatformError
from polyarch.oci.platform import Platform

_ENABLED = re.compile(
    r"(?:^|,)\s*enable\s*=\s*(\$\{\{(?:[^$}]|\$(?!\{\{)|\}(?!\}))*\}\}|[^,]*)", re.DOTALL
)
_NAME = re.compile(r"(?:^|,)\s*name\s*=\s*([^,]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildGroup:
    """One image as a workflow builds and names it; `calls` are the runs, one a platform or one.

    `tags` are those written out, without their repository; `rules` those of metadata-action, None
    where no metadata step gives them. Both may hold expressions. `dockerfile` and `context` are
    paths from the root, `context` is `git` where the commit is built and nothing else. `baked` is
    the target of a bake file that it is, `laid` keys of polyarch.toml that only that target says.
    """

    calls: tuple[BuildCall, ...]
    repositories: tuple[str, ...]
    context: str
    dockerfile: str
    target: str
    platforms: tuple[str, ...]
    rules: tuple[str, ...] | None
    tags: tuple[str, ...]
    flavor: tuple[str, ...]
    runners: Mapping[str, str]
    baked: str = ""
    laid: Mapping[str, TomlValue] = field(default_factory=dict)

    @property
    def call(self) -> BuildCall:
        """The first run."""
        return self.calls[0]

    @property
    def meta(self) -> Meta | None:
        """The metadata step that names it."""
        return self.call.meta

    @property
    def line(self) -> int:
        """Where its build stands."""
        return self.call.line


def groups_of(calls: Iterable[BuildCall]) -> tuple[BuildGroup, ...]:
    """The images that builds come to, in the file's order; what never publishes is left out."""
    together: dict[tuple[object, ...], list[BuildCall]] = {}
    for call in calls:
        if call.publishes is not False:
            together.setdefault(_key(call), []).append(call)
    return tuple(_group(each) for each in together.values())


def split_reference(reference: str) -> tuple[str, str]:
    """Repository and tag; expressions stay whole, the tag may be empty."""
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found[0])
        return f"\0{len(held) - 1}\0"

    def put(text: str) -> str:
        return re.sub(r"\0([0-9]+)\0", lambda found: held[int(found[1])], text)

    bare = EXPRESSION.sub(hold, reference)
    at = bare.rfind(":")
    if at <= bare.rfind("/"):
        return put(bare), ""
    return put(bare[:at]), put(bare[at + 1 :])


def image_names(items: Sequence[str]) -> tuple[str, ...]:
    """The names among the items of `images`; those that are switched off are left out."""
    found: list[str] = []
    listed = items
    if len(items) == 1 and "=" not in EXPRESSION.sub("", items[0]):
        listed = [each.strip() for each in EXPRESSION.sub(_held, items[0]).split(",")]
    for item in listed:
        whole = item.replace("\1", ",")
        name = _NAME.search(whole)
        enabled = _ENABLED.search(whole)
        if enabled is None or enabled[1].strip() != "false":
            found.append(name[1].strip() if name else whole.partition(",")[0].strip())
    return tuple(each for each in found if each)


def platform_name(text: str) -> str:
    """A platform as it is called; a text that is none stays as it is."""
    try:
        return str(Platform.parse(text))
    except InvalidPlatformError:
        return text


def _held(found: re.Match[str]) -> str:
    return found[0].replace(",", "\1")


def lower_name(name: str) -> str:
    """Registries take small letters alone; those of expressions are none of theirs."""
    parts = re.split(r"(\$\{\{(?:[^$}]|\$(?!\{\{)|\}(?!\}))*\}\})", name)
    return "".join(each if each.startswith("${{") else each.lower() for each in parts)


def _key(call: BuildCall) -> tuple[object, ...]:
    meta = call.meta
    named = (meta.images, meta.rules, meta.flavor) if meta else ()
    return (
        call.played.job.name,
        call.line,
        named,
        call.references,
        call.target,
        call.context,
        call.dockerfile,
    )


def _group(calls: Sequence[BuildCall]) -> BuildGroup:
    call = calls[0]
    parts = [split_reference(each) for each in call.references]
    tags = [tag for _, tag in parts if tag]
    repositories = [name for name, tag in parts if tag or not call.meta]
    if call.meta:
        repositories = [*image_names(call.meta.images), *repositories]
    elif not repositories:
        repositories = list(call.names)
    platforms = [platform_name(each) for one in calls for each in one.platforms]
    return BuildGroup(
        calls=tuple(calls),
        repositories=tuple(dict.fromkeys(complete(lower_name(each)) for each in repositories)),
        context=call.context if call.context == GIT else posixpath.normpath(call.context),
        dockerfile=_dockerfile(call),
        target=call.target,
        platforms=tuple(dict.fromkeys(platforms)),
        rules=call.meta.rules if call.meta else None,
        tags=tuple(dict.fromkeys(tags)),
        flavor=call.meta.flavor if call.meta else (),
        runners={
            platform_name(platform): one.played.runner()
            for one in calls
            for platform in one.platforms
        },
    )


def _dockerfile(call: BuildCall) -> str:
    if call.dockerfile:
        return posixpath.normpath(call.dockerfile)
    folder = "" if call.context == GIT else call.context
    return posixpath.normpath(posixpath.join(folder, "Dockerfile"))
