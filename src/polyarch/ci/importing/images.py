"""The images of a project, from the builds of a workflow: each is built once, whoever pushes it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from polyarch.ci.importing.groups import BuildGroup
from polyarch.ci.importing.occasion import Occasion
from polyarch.ci.importing.rehearsal import Rehearsal
from polyarch.ci.importing.told import Kind, Told

_NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*")
_SEPARATORS = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundImage:
    """One image, named as it will be in polyarch.toml, and the builds that it stands for."""

    name: str
    groups: tuple[BuildGroup, ...]
    repositories: tuple[str, ...]

    @property
    def first(self) -> BuildGroup:
        """The build that says how it is built."""
        return self.groups[0]


def images_of(groups: Sequence[BuildGroup]) -> tuple[FoundImage, ...]:
    """Builds put together where they make the same image, each under a name of its own."""
    together: list[list[BuildGroup]] = []
    for group in groups:
        home = next((each for each in together if _is_same(each[0], group)), None)
        if home is None:
            together.append([group])
        else:
            home.append(group)
    names = _names(together)
    return tuple(
        FoundImage(name=name, groups=tuple(each), repositories=_repositories(each))
        for name, each in zip(names, together, strict=True)
    )


def collisions(
    images: Sequence[FoundImage], rehearsal: Rehearsal, occasions: Iterable[Occasion]
) -> tuple[tuple[FoundImage, Told], ...]:
    """Images that push what another pushes as well: those with fewer builds, and what is told."""
    found: dict[str, tuple[FoundImage, Told]] = {}
    for occasion in occasions:
        taken: dict[str, FoundImage] = {}
        for image in sorted(images, key=lambda each: -len(each.groups)):
            pushed = [rehearsal.of(group, occasion) for group in image.groups]
            for reference in (one for each in pushed if each for one in each.references):
                other = taken.setdefault(reference, image)
                if other is not image and image.name not in found:
                    found[image.name] = (image, _collision(image, other, reference))
    return tuple(found.values())


def built_twice(images: Sequence[FoundImage]) -> tuple[Told, ...]:
    """Images that are built again for another registry."""
    return tuple(
        Told(
            kind=Kind.TRAP,
            code="double-build",
            line=group.line,
            what=f"`{image.name}` is built again for {', '.join(group.repositories)}",
            why="two builds give two digests: the registries do not hold the same image",
            todo="nothing: polyarch builds once and pushes the same digest everywhere",
        )
        for image in images
        for group in image.groups[1:]
        if group.repositories != image.first.repositories
    )


def slug(text: str) -> str:
    """A text as a name of polyarch.toml; empty where nothing of it can be kept."""
    bare = re.sub(r"\$\{\{(?:[^$}]|\$(?!\{\{)|\}(?!\}))*\}\}", "", text).lower()
    found = _NAME.search(_SEPARATORS.sub("-", bare).strip("-._"))
    return found[0] if found else ""


def _collision(image: FoundImage, other: FoundImage, reference: str) -> Told:
    return Told(
        kind=Kind.TRAP,
        code="same-tag-two-builds",
        line=image.first.line,
        what=f"`{reference}` is pushed by this build (`{image.first.dockerfile}`) and by the one in"
        f" line {other.first.line} (`{other.first.dockerfile}`)",
        why="whichever ends last is what the tag holds",
        todo=f"this build is left out; see whether it was meant for a repository of `{image.name}`",
    )


def _is_same(one: BuildGroup, other: BuildGroup) -> bool:
    """Whether two builds make one image: built alike, and named alike or for other places."""
    alike = (
        one.context == other.context
        and one.dockerfile == other.dockerfile
        and one.target == other.target
        and one.platforms == other.platforms
        and one.call.build_args == other.call.build_args
    )
    if not alike:
        return False
    if set(one.repositories) & set(other.repositories):
        return True
    return (one.rules, one.tags, one.flavor) == (other.rules, other.tags, other.flavor)


def _repositories(groups: Sequence[BuildGroup]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for group in groups for each in group.repositories))


def _names(together: Sequence[Sequence[BuildGroup]]) -> list[str]:
    plain = [_plain_name(each[0]) for each in together]
    names: list[str] = []
    for number, groups in enumerate(together):
        name = plain[number]
        if plain.count(name) > 1:
            others = [each[0] for index, each in enumerate(together) if plain[index] == name]
            name = _variant(name, groups[0], others)
        made, count = name, 1
        while made in names:
            count += 1
            made = f"{name}-{count}"
        names.append(made)
    return names


def _plain_name(group: BuildGroup) -> str:
    if group.baked and group.rules is None and slug(group.baked) != "default":
        return slug(group.baked) or "image"
    last = [slug(each.rpartition("/")[2]) for each in group.repositories]
    named = next((each for each in last if each), "")
    return named or slug(group.target) or slug(group.call.played.job.name) or "image"


def _variant(name: str, group: BuildGroup, others: Sequence[BuildGroup]) -> str:
    """A name with what sets this one apart: a value of its matrix, its target, its Dockerfile."""
    matrix = group.call.played.leg.matrix
    for key in matrix:
        values = [each.call.played.leg.matrix.get(key) for each in others]
        texts = [(each.text or "") if each else "" for each in values]
        own = slug(matrix[key].text or "")
        if own and len(set(texts)) == len(texts):
            return own if own.startswith(name) else f"{name}-{own}"
    for pick in ("target", "dockerfile"):
        texts = [getattr(each, pick) for each in others]
        own = slug(str(getattr(group, pick)).rpartition("/")[2].removeprefix("Dockerfile"))
        if own and len(set(texts)) == len(texts):
            return f"{name}-{own}"
    return name
