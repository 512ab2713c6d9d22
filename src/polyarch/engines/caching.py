"""Layer caches as options of each engine, and builds that go on without one that fails."""

import contextlib
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from polyarch.engines.base import BuildRequest, LayerCache
from polyarch.engines.failure import Evidence
from polyarch.engines.rows import attributes, row
from polyarch.errors import StorageError

_REGISTRY = "registry"
_LOCAL = "local"
_INSECURE = "registry.insecure"
_INDEX = "index.json"

IMPORTING = ("importing cache", "inferred cache manifest")
EXPORTING = ("exporting cache", "preparing build cache")
"""What BuildKit calls the steps that read a cache and write one."""

_FAULT = re.compile(
    r"cache (exporter|importer|export|import)\b|(ex|im)porting cache|failed pushing cache to"
    r"|--cache-(from|to)\b",
    re.IGNORECASE,
)


WITHOUT_CACHE = "its layer cache cannot be used: it is built again without (see the log)"


def buildkit_cache(request: BuildRequest) -> list[str]:
    """BuildKit takes the texts as they are; plain HTTP has to be told for each reference."""
    chosen: list[str] = []
    for text in request.cache.sources:
        chosen += ["--cache-from", _reached(text, request)]
    for text in request.cache.targets:
        chosen += ["--cache-to", _reached(text, request)]
    return chosen


def buildah_cache(request: BuildRequest) -> list[str]:
    """Buildah keeps each layer under a tag of its own: it takes repositories, of registries alone.

    One for each platform: what it calls a layer by does not always tell them apart.
    """
    chosen: list[str] = []
    for option, texts in (
        ("--cache-from", request.cache.sources),
        ("--cache-to", request.cache.targets),
    ):
        names = (_buildah_repository(text, request) for text in texts)
        for name in dict.fromkeys(filter(None, names)):
            chosen += [option, name]
    return chosen


def not_for_buildah(request: BuildRequest) -> str:
    """That Buildah takes no layers from a cache of this kind; empty where it does."""
    texts = (*request.cache.sources, *request.cache.targets)
    others = {attributes(text)["type"] for text in texts} - {_REGISTRY}
    if not others:
        return ""
    return (
        f"Buildah keeps layers in registries alone, so its cache `{min(others)}` is not used:"
        ' `cache = "registry"` would be'
    )


def failed_by_cache(request: BuildRequest, evidence: Evidence) -> bool:
    """Whether a build with a cache failed because of it.

    BuildKit before 0.12 knows no `ignore-error`, and no BuildKit ignores a kind of cache that it
    does not know; Buildah 1.28 fails when a layer cannot be pushed.
    """
    if request.cache == LayerCache():
        return False
    at_cache = evidence.step.startswith((*IMPORTING, *EXPORTING))
    return at_cache or any(map(_FAULT.search, evidence.verdict))


def without_cache(request: BuildRequest) -> BuildRequest:
    """The same build, with the engine's own layers alone."""
    return replace(request, cache=LayerCache())


@contextlib.contextmanager
def renewed(request: BuildRequest) -> Iterator[BuildRequest]:
    """Let folders be written beside the old ones, and take their places once they are whole.

    BuildKit only ever adds to a folder: what nobody needs any more would stay for ever.

    Raises:
        StorageError: a folder cannot be moved.
    """
    fresh: dict[Path, Path] = {}
    targets: list[str] = []
    for text in request.cache.targets:
        found = attributes(text)
        if found.get("type") == _LOCAL and "dest" in found:
            old = Path(found["dest"])
            fresh[old] = old.with_name(f".{old.name}.{secrets.token_hex(4)}")
            targets.append(row({**found, "dest": str(fresh[old])}))
        else:
            targets.append(text)
    cache = replace(request.cache, targets=tuple(targets))
    try:
        yield replace(request, cache=cache)
        for old, new in fresh.items():
            _take_place(new, old)
    finally:
        for new in fresh.values():
            shutil.rmtree(new, ignore_errors=True)


def _take_place(new: Path, old: Path) -> None:
    if not (new / _INDEX).is_file():
        return  # it was not written, which fails no build
    try:
        if old.exists():
            shutil.rmtree(old)
        new.rename(old)
    except OSError as error:
        raise StorageError(str(old), error.strerror or str(error)) from error


def _reached(text: str, request: BuildRequest) -> str:
    found = attributes(text)
    host = found.get("ref", "").partition("/")[0]
    plain = found.get("type") == _REGISTRY and host in request.plain_http
    return row({**found, _INSECURE: "true"}) if plain else text


def _buildah_repository(text: str, request: BuildRequest) -> str:
    found = attributes(text)
    if found.get("type") != _REGISTRY:
        return ""
    head, slash, tail = found.get("ref", "").rpartition("/")
    name = tail.partition(":")[0]
    return f"{head}{slash}{name}-{request.platform.slug}" if name else ""
