"""A draft from what lies in a folder: Dockerfiles, compose files, bake files."""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from polyarch.ci.compose_service import Service
from polyarch.ci.importing.calls import complete
from polyarch.ci.importing.draft import Draft, DraftImage, TomlValue
from polyarch.ci.importing.groups import split_reference
from polyarch.ci.importing.images import slug
from polyarch.ci.importing.told import Kind, Told

PLATFORMS = ("linux/amd64", "linux/arm64")
"""What is suggested where nothing says which platforms are meant."""

_SUFFIX = re.compile(
    r"(?:dockerfile|containerfile)[.-]?(?P<after>.*)|(?P<before>.+)\.(?:dockerfile|containerfile)",
    re.IGNORECASE,
)
_NEUTRAL = frozenset({"docker", "build", "deploy", "dockerfiles", "images", "image", "container"})
_TEST = re.compile(r"(?:^|[._-])(?:test|tests|dev|ci|lint|debug)(?:$|[._-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies there: paths of Dockerfiles from the root, services of compose files.

    `baked` are the targets of a bake file, which say most and come first.

    `repository` is `owner/name` on `forge`, both empty where no remote tells of them.
    """

    folder: str
    dockerfiles: Sequence[str]
    services: Sequence[Service]
    baked: Sequence[DraftImage] = ()
    repository: str = ""
    forge: str = ""


def folder_draft(found: Found) -> Draft:
    """The images that these files build; names and repositories are suggestions, and told so."""
    images: dict[str, DraftImage] = {}
    told: list[Told] = []
    covered: set[str] = set()
    for image in (*found.baked, *filter(None, map(_of_service, found.services))):
        dockerfile = _path_of(image)
        is_baked = image in found.baked
        if dockerfile not in found.dockerfiles or (dockerfile in covered and not is_baked):
            continue
        covered.add(dockerfile)
        name = _free(image.name, images)
        images[name] = DraftImage(name=name, keys=image.keys, remarks=image.remarks)
    for path in found.dockerfiles:
        if path not in covered:
            name = _free(_name_of(path, found), images)
            images[name] = DraftImage(name=name, keys=_keys(path), remarks=(f"From {path}.",))
            told += _doubts(path, name)
    made = tuple(_with_repository(each, found, len(images)) for each in images.values())
    told.append(_suggested(found))
    return Draft(source=f"what lies in {found.folder}", images=made, told=tuple(told))


def _of_service(service: Service) -> DraftImage | None:
    build = service.build
    if build is None or build.inline or (build.context and build.context.problem):
        return None
    context = posixpath.normpath(build.context.text if build.context else ".")
    name = build.dockerfile.text if build.dockerfile else "Dockerfile"
    if build.dockerfile and build.dockerfile.problem:
        return None
    path = posixpath.normpath(posixpath.join(context, name))
    if path.startswith(("/", "..")):
        return None
    keys: dict[str, TomlValue] = {"platforms": PLATFORMS, "repositories": ()}
    if context != ".":
        keys["context"] = context
    if path != posixpath.normpath(posixpath.join(context, "Dockerfile")):
        keys["dockerfile"] = path
    if build.target and not build.target.problem:
        keys["target"] = build.target.text
    keys["build-args"] = {key: value for key, value in build.args.items() if value}
    named = service.image.text if service.image and not service.image.problem else ""
    repository = split_reference(named)[0]
    if repository:
        keys["repositories"] = (complete(repository.lower()).removeprefix("docker.io/"),)
    label = slug(repository.rpartition("/")[2]) or slug(service.name) or "image"
    remark = f"Service `{service.name}` of {service.file}, line {service.line}."
    return DraftImage(name=label, keys=keys, remarks=(remark,))


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


def _suggested(found: Found) -> Told:
    if found.forge == "github.com":
        return Told(
            kind=Kind.ASSUMED,
            line=0,
            what="repositories on ghcr.io, and two platforms",
            why=f"git's remote is github.com/{found.repository}; nothing says where images belong",
            todo="change them to what is meant",
        )
    return Told(
        kind=Kind.LEFT,
        line=0,
        what="repositories",
        why="nothing says where images are published",
        todo="write them under `repositories`; the two platforms are suggestions, too",
    )
