"""The build context of an image: its Dockerfile, what is left out of it, and its digest."""

from dataclasses import replace
from pathlib import Path

from polyarch.config.project import BuildSettings, Project
from polyarch.content.files import write_bytes
from polyarch.dockerfile.context import context_digest
from polyarch.dockerfile.ignore import IGNORE_FILE, IgnoreRules, find_ignore
from polyarch.dockerfile.pattern import Pattern
from polyarch.dockerfile.used import UsedFiles
from polyarch.engines.catalog import AUTO
from polyarch.engines.direct import NAME as DIRECT
from polyarch.host.git_url import is_git
from polyarch.pipeline.filtered_folders import own_rules_of
from polyarch.pipeline.graph import IMAGE_PREFIX
from polyarch.pipeline.layout_contexts import SCHEME as LAYOUT_SCHEME
from polyarch.pipeline.layout_contexts import layout_context
from polyarch.pipeline.linked import linked_digest

STATE = ".polyarch"
"""polyarch's own folder: never an input, wherever in a context it lies."""


def is_direct(settings: BuildSettings) -> bool:
    """Whether the direct engine builds this, which reads no Dockerfile."""
    return settings.direct is not None and settings.engine in {AUTO, DIRECT}


def dockerfile_of(project: Project, settings: BuildSettings) -> Path:
    """The path of the Dockerfile that the settings name."""
    if is_git(settings.context):
        return _place(project, settings.context) / settings.dockerfile
    return project.root / settings.dockerfile


def context_of(project: Project, settings: BuildSettings) -> Path:
    """The folder that a build may read: the direct engine's command runs in the project's root."""
    return project.root if is_direct(settings) else _place(project, settings.context)


def _place(project: Project, text: str) -> Path:
    """Where a context lies here; a repository that was not brought here lies nowhere."""
    return project.checkouts.get(text, project.root / text)


def own_rules(project: Project, settings: BuildSettings) -> IgnoreRules:
    """What the project itself leaves out of the context.

    Raises:
        DockerfileError: its .dockerignore cannot be read.
    """
    return find_ignore(context_of(project, settings), dockerfile_of(project, settings))


def rules_for(project: Project, settings: BuildSettings) -> IgnoreRules:
    """What is left out of the context: polyarch's own folder as well, whatever the project says.

    The direct engine's command may read all of the project's root, but git's folder is no input.

    Raises:
        DockerfileError: the project's .dockerignore cannot be read.
    """
    patterns = [Pattern.parse(".git")] if is_direct(settings) else []
    state = project.root / STATE
    context = context_of(project, settings)
    if state.is_relative_to(context):
        patterns.append(Pattern.parse(state.relative_to(context).as_posix()))
    rules = own_rules(project, settings)
    return _and(rules, *patterns)


def dockerfile_for_engine(
    project: Project, settings: BuildSettings, folder: Path, text: str | None = None
) -> Path:
    """The Dockerfile that an engine is to read, so that it leaves out what `rules_for` says.

    Engines know only the rules that lie beside a Dockerfile or in the context, so where those do
    not name polyarch's own folder, copies of Dockerfile and rules are written to `folder`. So they
    are where `text` is to be read in place of the file.

    Raises:
        StorageError: they cannot be written.
    """
    original = dockerfile_of(project, settings)
    rules = rules_for(project, settings)
    if text is None and rules.patterns == own_rules(project, settings).patterns:
        return original
    copy = folder / original.name
    said = None if text is None else text.encode(errors="surrogateescape")
    write_bytes(copy, original.read_bytes() if said is None else said)
    text = "".join(f"{pattern}\n" for pattern in rules.patterns)
    write_bytes(folder / f"{original.name}{IGNORE_FILE}", text.encode(errors="surrogateescape"))
    return copy


def digest_of(project: Project, settings: BuildSettings, used: UsedFiles | None = None) -> str:
    """One digest for all that the build can see, or for what of the context is `used`.

    Raises:
        DockerfileError: the context or its .dockerignore cannot be read.
    """
    rules, root = rules_for(project, settings), context_of(project, settings)
    found = str(context_digest(root, None, rules, used))
    # An engine sends links as they are, but a command follows them.
    linked = linked_digest(root, rules) if is_direct(settings) else ""
    return f"{found} {linked}" if linked else found


def _and(rules: IgnoreRules, *patterns: Pattern) -> IgnoreRules:
    return replace(rules, patterns=(*rules.patterns, *patterns))


def folders_of(project: Project, settings: BuildSettings) -> dict[str, Path]:
    """The named contexts that are folders, of the project or of a repository, by name."""
    return {
        name: _place(project, value)
        for name, value in sorted(settings.contexts.items())
        if is_git(value) or not (value.startswith(IMAGE_PREFIX) or "://" in value)
    }


def folder_digests(project: Project, settings: BuildSettings) -> dict[str, str]:
    """A digest of each of these folders, polyarch's own left out, and of images in layouts.

    Raises:
        DockerfileError: a folder cannot be read, or a layout does not hold what is named.
    """
    state = Pattern.parse(f"**/{STATE}")
    folders = {
        name: str(context_digest(folder, None, _and(own_rules_of(folder), state)))
        for name, folder in folders_of(project, settings).items()
    }
    layouts = {
        name: str(layout_context(value, project.root).descriptor.digest)
        for name, value in sorted(settings.contexts.items())
        if value.startswith(LAYOUT_SCHEME)
    }
    return folders | layouts
