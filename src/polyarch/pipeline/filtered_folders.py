"""Named contexts without what their own .dockerignore leaves out, and without polyarch's folder.

BuildKit reads that file in every folder that it is sent; Buildah (1.28) only in the main context.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from polyarch.dockerfile.context import FileKind, context_files
from polyarch.dockerfile.ignore import IGNORE_FILE, IgnoreRules
from polyarch.dockerfile.pattern import Pattern
from polyarch.errors import BuildContextError, StorageError


def own_rules_of(folder: Path) -> IgnoreRules:
    """What a named context leaves out; a `<Dockerfile>.dockerignore` is not for it.

    Raises:
        DockerfileError: its .dockerignore cannot be read.
    """
    path = folder / IGNORE_FILE
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return IgnoreRules()
    except OSError as error:
        raise BuildContextError(str(path), error.strerror or str(error)) from error
    return IgnoreRules.parse(text, path=str(path))


def holds(folder: Path, state: Path) -> bool:
    """Whether polyarch's own folder would be sent along."""
    return state.is_dir() and state.resolve().is_relative_to(folder.resolve())


def filtered(folder: Path, copy: Path, state: Path) -> Path:
    """The folder itself where nothing is left out of it, else a copy of the rest.

    `state` is polyarch's own folder, which may lie in it.

    Raises:
        DockerfileError: the folder or its .dockerignore cannot be read.
        StorageError: the copy cannot be written.
    """
    rules = own_rules_of(folder)
    if holds(folder, state):
        own = Pattern.parse(state.resolve().relative_to(folder.resolve()).as_posix())
        rules = replace(rules, patterns=(*rules.patterns, own))
    if not rules.patterns:
        return folder
    try:
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(parents=True)
        for entry in context_files(folder, rules):
            source, target = folder / entry.path, copy / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if entry.kind is FileKind.FOLDER:
                target.mkdir(exist_ok=True)
                shutil.copystat(source, target)
            elif entry.kind is not FileKind.SPECIAL:
                shutil.copy2(source, target, follow_symlinks=False)
    except OSError as error:
        raise StorageError(str(copy), error.strerror or str(error)) from error
    return copy
