"""`--changed-since`: images whose inputs differ from a git revision, and those that stand on them.

An image's inputs are its context after .dockerignore, its Dockerfiles, its named contexts, and its
tables in polyarch.toml.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from polyarch.config.load import load_text
from polyarch.config.project import BuildSettings, ImageSettings, Project
from polyarch.dockerfile.ignore import IGNORE_FILE, IgnoreRules
from polyarch.errors import PolyarchError
from polyarch.host.git import GitTree
from polyarch.pipeline.contexts import context_of, dockerfile_of, folders_of, is_direct, rules_for
from polyarch.pipeline.graph import standing_on


def changed_images(
    project: Project, git: GitTree, revision: str, edges: Mapping[str, Iterable[str]]
) -> frozenset[str]:
    """All images of the project that differ from `revision`.

    Raises:
        UnknownRevisionError: this clone has no such revision.
    """
    root = git.root.resolve()
    files = [root / name for name in git.changed_files(revision)]
    before = _images_at(project, git, revision)
    changed = {
        name
        for name, image in project.images.items()
        if _essence(image) != _essence(before.get(name)) or _touches(project, image, files)
    }
    return standing_on(changed, edges)


def _images_at(project: Project, git: GitTree, revision: str) -> Mapping[str, ImageSettings]:
    text = git.file_at(revision, project.file)
    if text is None:
        return {}
    try:
        return load_text(text, project.file, environment=project.environment).images
    except PolyarchError:
        return {}  # what could not be read then has certainly changed


def _essence(image: ImageSettings | None) -> ImageSettings | None:
    """The settings without where in the file they stand."""
    if image is None:
        return None
    platforms = {key: replace(each, values=()) for key, each in image.per_platform.items()}
    return replace(image, values=(), per_platform=platforms)


def _touches(project: Project, image: ImageSettings, files: list[Path]) -> bool:
    return any(
        _is_input(project, image.for_platform(platform), file)
        for platform in image.platforms
        for file in files
    )


def _is_input(project: Project, settings: BuildSettings, file: Path) -> bool:
    if is_direct(settings):
        return _within(project.root, file, rules_for(project, settings))
    dockerfile = dockerfile_of(project, settings)
    context = context_of(project, settings)
    beside = dockerfile.with_name(dockerfile.name + IGNORE_FILE)
    if file in {path.resolve() for path in (dockerfile, beside, context / IGNORE_FILE)}:
        return True
    if _within(context, file, rules_for(project, settings)):
        return True
    folders = folders_of(project, settings).values()
    return any(_within(folder, file, IgnoreRules()) for folder in folders)


def _within(folder: Path, file: Path, rules: IgnoreRules) -> bool:
    try:
        path = file.relative_to(folder.resolve())
    except ValueError:
        return False
    return not rules.ignores(path.as_posix())
