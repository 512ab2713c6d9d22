"""A draft from what lies in a folder: Dockerfiles, compose files, bake files."""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from polyarch.ci.compose_service import Service
from polyarch.ci.importing.build_keys import linked
from polyarch.ci.importing.compose_images import PLATFORMS, service_images
from polyarch.ci.importing.draft import Draft, DraftImage, TomlValue
from polyarch.ci.importing.images import slug
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.yaml import Tree
from polyarch.host.git_url import is_git

_SERVICE = "service "
_SUFFIX = re.compile(
    r"(?:dockerfile|containerfile)[.-]?(?P<after>.*)|(?P<before>.+)\.(?:dockerfile|containerfile)",
    re.IGNORECASE,
)
_NEUTRAL = frozenset({"docker", "build", "deploy", "dockerfiles", "images", "image", "container"})
_TEST = re.compile(r"(?:^|[._-])(?:test|tests|dev|ci|lint|debug)(?:$|[._-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies there: paths of Dockerfiles from the root, services of compose files.

    `baked` are the targets of a bake file, which say most and come first. `composed` are the
    compose files by their names; `is_there` tells of any path whether a file is there.

    `repository` is `owner/name` on `forge`, both empty where no remote tells of them.
    """

    folder: str
    dockerfiles: Sequence[str]
    services: Sequence[Service]
    composed: Mapping[str, Tree]
    is_there: Callable[[str], bool]
    baked: Sequence[DraftImage] = ()
    repository: str = ""
    forge: str = ""


def folder_draft(found: Found) -> Draft:
    """The images that these files build; names and repositories are suggestions, and told so."""
    services, told = service_images({each.name: each for each in found.services}, found.composed)
    sources = {f"target {each.name}": each for each in found.baked}
    sources |= {f"{_SERVICE}{name}": each for name, each in services.items()}
    kept, more = _kept(sources, found)
    made, lost = linked(kept)
    images = {each.name: each for each in made}
    covered = {_path_of(each) for each in made}
    doubts: list[Told] = []
    for path in found.dockerfiles:
        if path not in covered:
            name = _free(_name_of(path, found), images)
            images[name] = DraftImage(name=name, keys=_keys(path), remarks=(f"From {path}.",))
            doubts += _doubts(path, name)
    placed = tuple(_with_repository(each, found, len(images)) for each in images.values())
    every = (*told, *more, *lost, *doubts, *_suggested(found, tuple(images.values())))
    return Draft(source=f"what lies in {found.folder}", images=placed, told=every)


def _kept(
    sources: Mapping[str, DraftImage], found: Found
) -> tuple[dict[str, DraftImage], tuple[Told, ...]]:
    """Those whose Dockerfile is there, each once, under names of their own."""
    kept: dict[str, DraftImage] = {}
    told: list[Told] = []
    names: set[str] = set()
    covered: dict[str, DraftImage] = {}
    for source, image in sources.items():
        dockerfile, is_service = _path_of(image), source.startswith(_SERVICE)
        if not is_git(str(image.keys.get("context", ""))) and not found.is_there(dockerfile):
            why, todo = f"there is no {dockerfile}", "mend its context or Dockerfile"
            told.append(_left(_where(source, image), why, todo))
            continue
        same = covered.get(dockerfile)
        if is_service and same is not None:
            if _built(same) != _built(image):
                why = f"`{same.name}` builds {dockerfile}, with other settings"
                told.append(_left(_where(source, image), why, "write an image for it"))
            continue
        covered.setdefault(dockerfile, image)
        name = _free(image.name, dict.fromkeys(names))
        names.add(name)
        kept[source.removeprefix(_SERVICE)] = replace(image, name=name)
    return kept, tuple(told)


def _built(image: DraftImage) -> tuple[TomlValue | None, ...]:
    return tuple(image.keys.get(key) for key in ("target", "build-args", "contexts"))


def _where(source: str, image: DraftImage) -> str:
    return image.remarks[0].rstrip(".") if image.remarks else source


def _left(what: str, why: str, todo: str) -> Told:
    return Told(kind=Kind.LEFT, line=0, what=what, why=why, todo=todo)


def _path_of(image: DraftImage) -> str:
    """The Dockerfile of an image."""
    path = image.keys.get("dockerfile")
    context = image.keys.get("context", ".")
    default = posixpath.join(str(context), "Dockerfile")
    return posixpath.normpath(str(path) if path else default)


def _keys(path: str) -> dict[str, TomlValue]:
    folder, _, name = path.rpartition("/")
    keys: dict[str, TomlValue] = {"platforms": PLATFORMS, "repositories": ()}
    is_plain = name == "Dockerfile"
    has_own_folder = is_plain and folder.rpartition("/")[2] not in _NEUTRAL and folder != ""
    if has_own_folder:
        keys["context"] = folder
    elif path != "Dockerfile":
        keys["dockerfile"] = path
    return keys


def _name_of(path: str, found: Found) -> str:
    """By what its name says besides, else by its folder, else by the project's."""
    folder, _, name = path.rpartition("/")
    match = _SUFFIX.fullmatch(name)
    own = slug((match["after"] or match["before"] or "") if match else "")
    if own:
        return own
    for part in reversed(folder.split("/") if folder else []):
        if part.lower() not in _NEUTRAL and slug(part):
            return slug(part)
    return slug(found.repository.rpartition("/")[2]) or slug(found.folder) or "app"


def _free(name: str, taken: Mapping[str, object]) -> str:
    count, made = 1, name
    while made in taken:
        count += 1
        made = f"{name}-{count}"
    return made


def _doubts(path: str, name: str) -> Iterable[Told]:
    if _TEST.search(name) or "/test" in f"/{path}" or "/example" in f"/{path}":
        yield Told(
            kind=Kind.ASSUMED,
            line=0,
            what=f"`{name}` from {path}",
            why="it looks like a Dockerfile for tests or examples",
            todo="take its table out if it is not to be published",
        )


def _with_repository(image: DraftImage, found: Found, count: int) -> DraftImage:
    if image.keys.get("repositories") or not found.repository:
        return image
    if found.forge != "github.com":
        return image
    place = f"ghcr.io/{found.repository.lower()}"
    is_whole = count == 1 or place.endswith(f"/{image.name}")
    name = place if is_whole else f"{place}/{image.name}"
    return DraftImage(
        name=image.name, keys={**image.keys, "repositories": (name,)}, remarks=image.remarks
    )


def _suggested(found: Found, images: Sequence[DraftImage]) -> Iterator[Told]:
    """What nothing says, of images that lack it."""
    if any(each.keys.get("platforms") is PLATFORMS for each in images):
        yield Told(
            kind=Kind.ASSUMED,
            line=0,
            what="two platforms",
            why="nothing says which are meant",
            todo="change them to what is meant",
        )
    if all(each.keys.get("repositories") for each in images):
        return
    if found.forge == "github.com":
        yield Told(
            kind=Kind.ASSUMED,
            line=0,
            what="repositories on ghcr.io",
            why=f"git's remote is github.com/{found.repository}; nothing says where images belong",
            todo="change them to what is meant",
        )
        return
    yield Told(
        kind=Kind.LEFT,
        line=0,
        what="repositories",
        why="nothing says where images are published",
        todo="write them under `repositories`",
    )
