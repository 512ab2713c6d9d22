"""The names of an image without a plan: as docker/metadata-action gives them, or by the config."""

import json
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from polyarch.config.project import ImageSettings
from polyarch.errors import NoWorkTreeError, StorageError
from polyarch.host.checkout import with_git_context
from polyarch.host.ci_event import CiEvent, printable
from polyarch.host.git import GitTree
from polyarch.host.github import with_head_of_pull_request
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.bake import bake_files, file_name
from polyarch.metadata.image import parse_images
from polyarch.metadata.inputs import Inputs
from polyarch.metadata.labels import labels
from polyarch.metadata.outputs import Metadata, warnings_of
from polyarch.metadata.version import compute
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.naming import unchecked_names

_PREFIX = "DOCKER_METADATA_"


def event_for(
    inputs: Inputs, event: CiEvent, tree: GitTree | None, environment: Mapping[str, str]
) -> CiEvent:
    """The event as the action sees it, by its context and the switch for pull requests.

    Raises:
        NoWorkTreeError, DetachedHeadError: `context: git` where git knows no ref.
    """
    if inputs.context == "git":
        if tree is None:
            raise NoWorkTreeError
        return with_git_context(event, tree)
    if "true" in environment.get(f"{_PREFIX}PR_HEAD_SHA", "").lower():
        return with_head_of_pull_request(event, tree.facts() if tree else None)
    return event


def action_metadata(
    inputs: Inputs,
    event: CiEvent,
    repository: RepositoryFacts,
    environment: Mapping[str, str],
    *,
    now: datetime,
) -> Metadata:
    """What the action gives. Pure.

    Raises:
        InvalidRuleError, InvalidTemplateError: an input is wrong; of several images come first.
    """
    length = environment.get(f"{_PREFIX}SHORT_SHA_LENGTH", "")
    version = compute(
        inputs.tags,
        event,
        now=now,
        flavor=inputs.flavor,
        images=inputs.images,
        repository=repository,
        short_sha_length=length,
    )

    def pairs(extra: tuple[str, ...]) -> dict[str, str]:
        return labels(
            event,
            version,
            repository,
            now=now,
            created=now,
            extra=extra,
            short_sha_length=length,
        )

    return Metadata(
        version=version,
        images=tuple(each.name.lower() for each in parse_images(inputs.images) if each.enable),
        labels=pairs(inputs.labels),
        annotations=pairs(inputs.annotations),
        levels=printable(environment.get(f"{_PREFIX}ANNOTATIONS_LEVELS", "")) or "manifest",
        sep_tags=inputs.sep_tags,
        sep_labels=inputs.sep_labels,
        sep_annotations=inputs.sep_annotations,
        bake_target=inputs.bake_target,
        warnings=warnings_of(version),
    )


def image_metadata(
    settings: ImageSettings,
    event: CiEvent,
    repository: RepositoryFacts,
    *,
    now: datetime,
    describe: str = "",
) -> Metadata:
    """What a plan calls the image, made just now. Pure.

    Raises:
        InvalidRuleError, InvalidTemplateError: the config's rules or expressions are wrong.
    """
    images = tuple(str(repository) for repository in settings.repositories)
    names = unchecked_names(
        settings, event, repository, now, created=now, describe=describe, images=images
    )
    return Metadata(
        version=names.version,
        images=images,
        labels=names.labels,
        annotations=names.annotations,
        levels=",".join(settings.annotation_levels),
        warnings=warnings_of(names.version),
    )


def output_text(metadata: Metadata, output: str) -> str:
    """One of the action's outputs; of a bake file its content."""
    if output == "json":
        return _compact(metadata.to_action_json())
    if (file := bake_files(metadata).get(output)) is not None:
        return _pretty(file)
    return metadata.texts()[output]


def write_outputs(metadata: Metadata, folder: str) -> dict[str, str]:
    """All of the action's outputs by name, its bake files in a new folder below `folder`.

    Raises:
        StorageError: they cannot be written.
    """
    try:
        place = Path(tempfile.mkdtemp(prefix="polyarch-metadata-", dir=folder or None))
        files = {}
        for output, content in bake_files(metadata).items():
            path = place / file_name(output)
            path.write_text(_pretty(content), encoding="utf-8")
            files[output] = str(path)
    except OSError as error:
        raise StorageError(
            folder or "the temporary folder", error.strerror or str(error)
        ) from error
    return metadata.texts() | {"json": _compact(metadata.to_action_json())} | files


def _compact(document: JsonObject) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _pretty(document: JsonObject) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
