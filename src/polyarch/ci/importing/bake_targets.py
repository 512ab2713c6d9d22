"""Bake files: what their targets build."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace

from polyarch.ci.bake import BakeTarget, read_bake, read_groups
from polyarch.ci.bake import Told as Said
from polyarch.ci.importing.build_keys import TARGET, BuildKeys, linked
from polyarch.ci.importing.calls import complete
from polyarch.ci.importing.draft import Draft, DraftImage, TomlValue, short_names
from polyarch.ci.importing.groups import platform_name, split_reference
from polyarch.ci.importing.images import slug
from polyarch.ci.importing.infer import NO_LATEST
from polyarch.ci.importing.told import Kind, Told
from polyarch.host.git_url import is_git

META_TARGET = "docker-metadata-action"
"""The target that the metadata action fills in; files name it without having it."""

READ = frozenset(
    {
        "platforms", "tags", "args", "labels", "inherits", "context", "dockerfile", "target",
        "name", "matrix", "description",
    }
)  # fmt: skip
"""Keys of a target that are read one by one."""


def bake_draft(raw: bytes, name: str) -> Draft:
    """A bake file as a draft: its targets that are no templates, with what they inherit.

    Raises:
        BakeFileError: it cannot be read.
    """
    listed = {each for targets in read_groups(raw, name).values() for each in targets}
    targets = read_bake(raw, name, legs=True)
    needed = {text for each in targets for text in _taken(each)}
    inherited = {base for each in targets for base in each.inherits}
    told: list[Told] = []
    images: dict[str, DraftImage] = {}
    for target in targets:
        if target.name not in needed and target.is_template:
            continue
        if (problem := problem_of(target, {each.name for each in targets})) is not None:
            told.append(problem)
            continue
        is_named = {target.name, target.origin} & (listed | needed) or target.tags
        if target.name in inherited and not is_named:
            told.append(_template(target))
            continue
        image, more = _drafted(target, {each.name for each in images.values()})
        told += more
        if image is not None:
            images[target.name] = image
    short = short_names(tuple(images.values()))
    made, lost = linked(dict(zip(images, short, strict=True)))
    lines = {each.name: each.line for each in targets}
    told += (
        replace(each, line=lines[each.what.strip("`")], what=f"target {each.what}") for each in lost
    )
    return Draft(source=name, images=made, told=tuple(told))


def _taken(target: BakeTarget) -> Iterator[str]:
    """The targets that it takes as contexts."""
    contexts = target.given.get("contexts")
    for each in (contexts.table or {}).values() if contexts else ():
        if each.text and each.text.startswith(TARGET):
            yield each.text.removeprefix(TARGET)


def problem_of(target: BakeTarget, names: set[str]) -> Told | None:
    """Why a target is none that bake itself would build, or none that can be seen here."""
    what, todo = f"target `{target.name}`", "write its image into polyarch.toml"
    if target.is_open:
        line = target.given["matrix"].line if "matrix" in target.given else target.line
        why = "what its `matrix` and `name` come to, only bake can work out"
        todo = "`docker buildx bake --print` shows its targets: write them into polyarch.toml"
        return Told(kind=Kind.LEFT, line=line, what=what, why=why, todo=todo)
    if target.name in target.bases:
        why, todo = "it inherits from itself, which bake refuses", "mend its `inherits`"
        return Told(kind=Kind.LEFT, line=target.line, what=what, why=why, todo=todo)
    missing = [each for each in target.inherits if each not in names]
    if missing and missing[0] != META_TARGET:
        why = f"it inherits from `{missing[0]}`, which is not in this file"
        return Told(kind=Kind.LEFT, line=target.line, what=what, why=why, todo=todo)
    return None


def _template(target: BakeTarget) -> Told:
    return Told(
        kind=Kind.ASSUMED,
        line=target.line,
        what=f"target `{target.name}`",
        why="others inherit from it, and no group and no tag names it: it is a template",
        todo="write an image for it where it is to be published by itself",
    )


def place_of(context: str) -> str:
    """A context as it stands in polyarch.toml."""
    return context if is_git(context) else posixpath.normpath(context)


def text_of(said: Said | None, default: str) -> str:
    """What is said, where it is known."""
    return said.text if said and said.text else default


def _drafted(target: BakeTarget, taken: set[str]) -> tuple[DraftImage | None, tuple[Told, ...]]:
    more = BuildKeys(what=f"target `{target.name}`")
    more.read(target.given, READ)
    told = [*unclear_in(target), *more.told]
    if more.lost:
        return None, tuple(told)
    known = [split_reference(each.text) for each in target.tags if each.text]
    repositories = tuple(dict.fromkeys(complete(name.lower()) for name, _ in known))
    last = slug(repositories[0].rpartition("/")[2]) if repositories else ""
    name = last if last and last not in taken else slug(target.name) or last or "image"
    context = text_of(target.context, ".")
    folder = "" if is_git(context) else context
    dockerfile = posixpath.join(folder, text_of(target.dockerfile, "Dockerfile"))
    tags = dict.fromkeys(tag or "latest" for _, tag in known)
    keys: dict[str, TomlValue] = {
        "platforms": tuple(platform_name(e.text) for e in target.platforms or () if e.text),
        "repositories": tuple(each.removeprefix("docker.io/") for each in repositories),
        "context": "" if context == "." else place_of(context),
        "dockerfile": "" if target.dockerfile is None else posixpath.normpath(dockerfile),
        "target": text_of(target.stage, ""),
        "build-args": known_in(target.all_arguments),
        "tags": tuple(f"type=raw,value={tag}" for tag in tags),
        "flavor": (NO_LATEST,) if tags else (),
        "labels": known_in(target.labels),
        **more.keys,
    }
    if tags:
        told.append(
            Told(
                kind=Kind.CHANGED,
                line=target.tags[0].line,
                what=f"tags of target `{target.name}`: {', '.join(tags)}",
                why="they are given for every event that publishes",
                todo="rules such as `type=semver,pattern={{version}}` follow the event",
            )
        )
    return DraftImage(name=name, keys=keys, remarks=(f"Target `{target.name}`.",)), tuple(told)


def known_in(table: Mapping[str, Said]) -> dict[str, str]:
    """What of a table is known."""
    return {key: said.text for key, said in table.items() if said.text is not None}


def unclear_in(target: BakeTarget) -> Iterator[Told]:
    """What only bake itself can work out."""
    named: list[tuple[str, Said]] = [("platforms", each) for each in target.platforms or ()]
    named += [("tags", each) for each in target.tags]
    named += [(f"args.{key}", each) for key, each in target.all_arguments.items()]
    named += [(f"labels.{key}", each) for key, each in target.labels.items()]
    for key, said in (
        ("context", target.context),
        ("dockerfile", target.dockerfile),
        ("target", target.stage),
    ):
        named += [(key, said)] if said else []
    for key, said in named:
        if said.text is None:
            yield Told(
                kind=Kind.LEFT,
                line=said.line,
                what=f"`{key}` of target `{target.name}`",
                why="only bake can work it out",
                todo="`docker buildx bake --print` shows its value",
            )
    if target.platforms is None:
        yield Told(
            kind=Kind.LEFT,
            line=target.line,
            what=f"the platforms of target `{target.name}`",
            why="the file names none: bake builds for the machine that it runs on",
            todo="write them under `platforms`",
        )
