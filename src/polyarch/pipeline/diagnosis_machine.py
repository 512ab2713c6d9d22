"""What this machine itself offers: disks and their room, and the project's git work tree."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polyarch.config.project import Project
from polyarch.errors import PolyarchError
from polyarch.host.git import read_git
from polyarch.host.process import find_program, run
from polyarch.pipeline.symptom import Health, Symptom
from polyarch.pipeline.world import World

_LITTLE = 5_000_000_000
_NOTHING = 200_000_000
"""Bytes: below the first a large image may not fit any more, below the second nothing does."""

_UNIX = "unix://"
_LIMIT_S = 10.0


def disk_symptoms(world: World) -> Iterator[Symptom]:
    """The room where parts and runs are kept, and where engines of this machine keep images."""
    places: dict[str, Path] = {"parts and runs": _standing(world.state)}
    places |= _engine_roots(world.environment)
    known: dict[int, str] = {}
    for name, place in places.items():
        try:
            device, free = place.stat().st_dev, shutil.disk_usage(place).free
        except OSError:
            continue
        if device in known:
            continue
        known[device] = name
        yield disk_symptom(name, place, free)


def disk_symptom(name: str, place: Path, free: int) -> Symptom:
    """How much room there is; `free` in bytes."""
    little = free < _LITTLE
    health = Health.BROKEN if free < _NOTHING else Health.WARNING if little else Health.OK
    clean = {"Docker": "`docker system prune`", "Buildah": "`buildah rmi --prune`"}
    return Symptom(
        area="disk",
        name=name,
        health=health,
        message=f"{free / 1e9:.1f} GB free at {place}",
        hint=clean.get(name, "free some space: `docker system df` shows what images take")
        if little
        else None,
    )


def _standing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.is_dir()), folder)


def _engine_roots(environment: Mapping[str, str]) -> dict[str, Path]:
    """Where engines keep images, for those that keep them on this machine."""
    found: dict[str, Path] = {}
    if environment.get("DOCKER_HOST", _UNIX).startswith(_UNIX):
        root = _said(environment, "docker", "info", "--format", "{{.DockerRootDir}}").strip()
        if root.startswith("/"):
            found["Docker"] = Path(root)
    if root := _graph_root(_said(environment, "buildah", "info")):
        found["Buildah"] = Path(root)
    return found


def _graph_root(text: str) -> str:
    try:
        told: Any = json.loads(text)
        return str(told["store"]["GraphRoot"])
    except (ValueError, KeyError, TypeError):
        return ""


def _said(environment: Mapping[str, str], *words: str) -> str:
    if find_program(words[0], environment) is None:
        return ""
    try:
        return run(words, environment=environment, timeout_s=_LIMIT_S).stdout
    except PolyarchError:
        return ""


def git_symptoms(project: Project, environment: Mapping[str, str]) -> Iterator[Symptom]:
    """Whether commits can be told, which tags and labels come from."""
    try:
        git = read_git(project.root, environment)
    except PolyarchError as error:
        yield _git(Health.BROKEN, error.message, error.hint)
        return
    if git is None:
        hint = "tags and labels come from git: `git init`"
        yield _git(Health.MISSING, "this folder is no git work tree", hint)
        return
    state = "with changes that are not committed" if git.dirty else "clean"
    yield _git(Health.OK, f"{git.branch or 'detached'} at {git.short_sha}, {state}")


def _git(health: Health, message: str, hint: str | None = None) -> Symptom:
    return Symptom(area="git", name="work tree", health=health, message=message, hint=hint)
