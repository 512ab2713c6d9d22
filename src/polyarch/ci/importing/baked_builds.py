"""Builds of a workflow by bake, with what the targets of its bake files say."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from polyarch.ci.bake import BakeTarget, read_bake, read_groups
from polyarch.ci.importing.bake_targets import (
    META_TARGET,
    READ,
    known_in,
    place_of,
    problem_of,
    text_of,
    unclear_in,
)
from polyarch.ci.importing.build_keys import BuildKeys, linked
from polyarch.ci.importing.calls import complete
from polyarch.ci.importing.draft import DraftImage, TomlValue
from polyarch.ci.importing.files import Files
from polyarch.ci.importing.groups import BuildGroup, platform_name, split_reference
from polyarch.ci.importing.images import FoundImage
from polyarch.ci.importing.told import Kind, Told
from polyarch.errors import BakeFileError
from polyarch.host.git_url import is_git

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
        targets = read_bake(raw, name, legs=True)
        groups = read_groups(raw, name)
    except BakeFileError as error:
        what, why = f"bake file `{name}`", error.message
        return (group,), (Told(kind=Kind.UNSEEN, line=group.line, what=what, why=why),)
    wanted = [each.strip() for each in (group.target or "default").split(",")]
    names = [one for each in wanted for one in groups.get(each, (each,))]
    chosen = [
        each for one in dict.fromkeys(names) for each in targets if one in {each.name, each.origin}
    ]
    if not chosen:
        what = f"target `{group.target or 'default'}` of `{name}`"
        return (group,), (
            Told(kind=Kind.UNSEEN, line=group.line, what=what, why="there is no such target"),
        )
    made: list[BuildGroup] = []
    told: list[Told] = []
    for target in chosen:
        more = BuildKeys(what=f"target `{target.name}`")
        more.read(target.given, READ)
        problem = problem_of(target, {each.name for each in targets})
        told += [problem] if problem else [*unclear_in(target), *more.told]
        if problem is None and not more.lost:
            made.append(_laid(group, target, more.keys))
    return tuple(made), tuple(
        replace(each, line=group.line, what=f"{name}:{each.line}: {each.what}") for each in told
    )


def linked_targets(
    images: Sequence[FoundImage], drafts: Sequence[DraftImage]
) -> tuple[tuple[DraftImage, ...], tuple[Told, ...]]:
    """Images with those of other targets as contexts; `drafts` are theirs, in the same order."""
    pairs = list(zip(images, drafts, strict=True))
    lines = {found.first.baked or draft.name: found.first.line for found, draft in pairs}
    made, told = linked({found.first.baked or draft.name: draft for found, draft in pairs})
    return made, tuple(replace(each, line=lines[each.what.strip("`")]) for each in told)


def _laid(group: BuildGroup, target: BakeTarget, keys: Mapping[str, TomlValue]) -> BuildGroup:
    """A build with what a target says; the metadata step's tags count where it inherits them."""
    context = text_of(target.context, ".")
    args = tuple((key, said.text) for key, said in target.all_arguments.items() if said.text)
    call = replace(group.call, build_args=(*args, *group.call.build_args), bake_files=())
    call = replace(
        call, labels=(*call.labels, *(f"{k}={v}" for k, v in known_in(target.labels).items()))
    )
    known = [split_reference(each.text) for each in target.tags if each.text]
    is_own = known and not call.references and (not call.meta or not _takes_meta(target))
    if is_own:
        references = tuple(f"{complete(n.lower())}:{tag or 'latest'}" for n, tag in known)
        call = replace(call, meta=None, references=references)
        repositories = tuple(dict.fromkeys(complete(name.lower()) for name, _ in known))
        tags = tuple(dict.fromkeys(tag or "latest" for _, tag in known))
        group = replace(group, repositories=repositories, tags=tags, rules=None, flavor=())
    folder = "" if is_git(context) else context
    return replace(
        group,
        calls=(call, *group.calls[1:]),
        baked=target.name,
        laid=keys,
        context=place_of(context),
        dockerfile=posixpath.normpath(
            posixpath.join(folder, text_of(target.dockerfile, "Dockerfile"))
        ),
        target=text_of(target.stage, ""),
        platforms=tuple(platform_name(each.text) for each in target.platforms or () if each.text),
    )


def _takes_meta(target: BakeTarget) -> bool:
    return META_TARGET in (*target.inherits, *target.bases)
