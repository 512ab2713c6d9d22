"""Bake files behind a workflow, or by themselves: what their targets build."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from polyarch.ci.bake import BakeTarget, read_bake, read_groups
from polyarch.ci.bake import Told as Said
from polyarch.ci.importing.build_keys import TARGET, BuildKeys, linked
from polyarch.ci.importing.calls import complete
from polyarch.ci.importing.draft import Draft, DraftImage, TomlValue, short_names
from polyarch.ci.importing.files import Files
from polyarch.ci.importing.groups import BuildGroup, platform_name, split_reference
from polyarch.ci.importing.images import slug
from polyarch.ci.importing.infer import NO_LATEST
from polyarch.ci.importing.told import Kind, Told
from polyarch.errors import BakeFileError
from polyarch.host.git_url import is_git

_META_TARGET = "docker-metadata-action"
"""The target that the metadata action fills in; files name it without having it."""

_READ = frozenset(
    {
        "platforms", "tags", "args", "labels", "inherits", "context", "dockerfile", "target",
        "name", "matrix", "description",
    }
)  # fmt: skip
"""Keys of a target that are read one by one."""

_USUAL = ("docker-bake.hcl", "docker-bake.json")


def with_bake_files(
    groups: Sequence[BuildGroup], files: Files
) -> tuple[tuple[BuildGroup, ...], tuple[Told, ...]]:
    """Builds by bake with what their files say, where those are there."""
    found: list[BuildGroup] = []
    told: list[Told] = []
    for group in groups:
        if (
            not group.call.bake_files
            and group.call.played.step.uses.split("/")[-1] != "bake-action"
        ):
            found.append(group)
            continue
        name, raw = _file(group, files)
        if raw is None:
            found.append(group)
            told.append(_missing(group, name))
            continue
        made, more = _opened(group, raw, name)
        found += made
        told += more
    return tuple(found), tuple(told)


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
        if (problem := _problem(target, {each.name for each in targets})) is not None:
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


def _problem(target: BakeTarget, names: set[str]) -> Told | None:
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
    if missing and missing[0] != _META_TARGET:
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


def _file(group: BuildGroup, files: Files) -> tuple[str, bytes | None]:
    named = [each for each in group.call.bake_files if "${{" not in each]
    for name in (*named, *_USUAL):
        if name.startswith(("/", "..", "cwd://")):
            continue
        if (raw := files(posixpath.normpath(name))) is not None:
            return name, raw
    return (named or list(_USUAL))[0], None


def _missing(group: BuildGroup, name: str) -> Told:
    return Told(
        kind=Kind.UNSEEN,
        line=group.line,
        what=f"bake file `{name}`, target `{group.target or 'default'}`",
        why="it is not there: Dockerfile, platforms and arguments stand in it",
        todo="import where the file is, or write them in",
    )


def _opened(
    group: BuildGroup, raw: bytes, name: str
) -> tuple[tuple[BuildGroup, ...], tuple[Told, ...]]:
    try:
        targets = {each.name: each for each in read_bake(raw, name)}
        groups = read_groups(raw, name)
    except BakeFileError as error:
        what, why = f"bake file `{name}`", error.message
        return (group,), (Told(kind=Kind.UNSEEN, line=group.line, what=what, why=why),)
    wanted = [each.strip() for each in (group.target or "default").split(",")]
    names = [one for each in wanted for one in groups.get(each, (each,))]
    chosen = [targets[each] for each in names if each in targets]
    if not chosen:
        what = f"target `{group.target or 'default'}` of `{name}`"
        return (group,), (
            Told(kind=Kind.UNSEEN, line=group.line, what=what, why="there is no such target"),
        )
    return tuple(_laid(group, each) for each in chosen), ()


def _laid(group: BuildGroup, target: BakeTarget) -> BuildGroup:
    context = _text(target.context, ".")
    args = tuple((key, said.text) for key, said in target.all_arguments.items() if said.text)
    call = replace(group.call, build_args=(*args, *group.call.build_args), bake_files=())
    return replace(
        group,
        calls=(call, *group.calls[1:]),
        context=posixpath.normpath(context),
        dockerfile=posixpath.normpath(
            posixpath.join(context, _text(target.dockerfile, "Dockerfile"))
        ),
        target=_text(target.stage, ""),
        platforms=tuple(platform_name(each.text) for each in target.platforms or () if each.text),
    )


def _place(context: str) -> str:
    return context if is_git(context) else posixpath.normpath(context)


def _text(said: Said | None, default: str) -> str:
    return said.text if said and said.text else default


def _drafted(target: BakeTarget, taken: set[str]) -> tuple[DraftImage | None, tuple[Told, ...]]:
    more = BuildKeys(what=f"target `{target.name}`")
    more.read(target.given, _READ)
    told = [*_unclear(target), *more.told]
    if more.lost:
        return None, tuple(told)
    known = [split_reference(each.text) for each in target.tags if each.text]
    repositories = tuple(dict.fromkeys(complete(name.lower()) for name, _ in known))
    last = slug(repositories[0].rpartition("/")[2]) if repositories else ""
    name = last if last and last not in taken else slug(target.name) or last or "image"
    context = _text(target.context, ".")
    folder = "" if is_git(context) else context
    dockerfile = posixpath.join(folder, _text(target.dockerfile, "Dockerfile"))
    tags = dict.fromkeys(tag or "latest" for _, tag in known)
    keys: dict[str, TomlValue] = {
        "platforms": tuple(platform_name(e.text) for e in target.platforms or () if e.text),
        "repositories": tuple(each.removeprefix("docker.io/") for each in repositories),
        "context": "" if context == "." else _place(context),
        "dockerfile": "" if target.dockerfile is None else posixpath.normpath(dockerfile),
        "target": _text(target.stage, ""),
        "build-args": _known(target.all_arguments),
        "tags": tuple(f"type=raw,value={tag}" for tag in tags),
        "flavor": (NO_LATEST,) if tags else (),
        "labels": _known(target.labels),
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


def _known(table: Mapping[str, Said]) -> dict[str, str]:
    return {key: said.text for key, said in table.items() if said.text is not None}


def _unclear(target: BakeTarget) -> Iterator[Told]:
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
