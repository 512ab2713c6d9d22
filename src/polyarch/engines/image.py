"""A config written by polyarch itself: a base, a recipe and the layers that it gave.

Sources: image-spec v1.1 config.md; `Healthcheck` is Docker's own ("Image JSON Field Descriptions"
of moby's image spec v1.2), times in nanoseconds. What a setting does to the base's follows Docker's
`FROM`: variables and labels are laid over, a new entrypoint drops the base's command.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from polyarch.engines.base import Base, BuildRequest, DirectRecipe
from polyarch.engines.laid import HealthCheck
from polyarch.engines.layer import Layer
from polyarch.errors import (
    BasePlatformError,
    DigestMismatchError,
    ForeignLayerError,
    MalformedManifestError,
)
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig, rfc3339
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject, decode_object, encode, object_list, optional_object
from polyarch.oci.platform import Platform

_OCI_LAYERS: Mapping[str, str] = MappingProxyType(
    {
        mediatype.DOCKER_LAYER_GZIP: mediatype.OCI_LAYER_GZIP,
        "application/vnd.docker.image.rootfs.diff.tar": mediatype.OCI_LAYER,
        "application/vnd.docker.image.rootfs.diff.tar.zstd": mediatype.OCI_LAYER_ZSTD,
    }
)
"""The same bytes under the names of the OCI, as a manifest holds one family only."""

_STALE = frozenset({"id", "parent", "container", "container_config", "docker_version"})
_STALE_RUN = frozenset({"Hostname", "Domainname", "Image", "OnBuild"})
"""What a Docker config says about its own making, and what a child does not inherit."""

_KIND = "image config"
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """A base that was found to be whole and of the right platform; scratch has no parts at all."""

    value: JsonObject
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    labels: Mapping[str, str]
    diff_ids: tuple[Digest, ...] = ()
    layers: tuple[Descriptor, ...] = ()

    @property
    def starts(self) -> bool:
        """Whether it says what a container of it starts."""
        return bool(self.entrypoint or self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLayer:
    """A layer that was written, and what the recipe calls it."""

    name: str
    layer: Layer


SCRATCH = BaseImage(value={}, labels=MappingProxyType({}))


def read_base(base: Base | None, request: BuildRequest, engine: str) -> BaseImage:
    """Check a base and take it apart.

    Raises:
        BasePlatformError: it is for another platform.
        ForeignLayerError: a layer of it lies in no registry.
        DigestMismatchError: its config is not the one that its manifest names.
        MalformedManifestError: config and manifest do not fit together.
    """
    if base is None:
        return SCRATCH
    named = base.manifest.config.digest
    found = Digest.of(base.config, named.algorithm)
    if named != found:
        raise DigestMismatchError(str(named), str(found), base.repository)
    config = ImageConfig.parse(base.config)
    if not config.platform.satisfies(replace(request.platform, os_version="")):
        raise BasePlatformError(
            request.image,
            str(request.platform),
            engine,
            base=base.repository,
            found=str(config.platform),
        )
    if len(config.diff_ids) != len(base.manifest.layers):
        reason = f"{len(config.diff_ids)} diff_ids for {len(base.manifest.layers)} layers"
        raise MalformedManifestError(_KIND, reason, where=base.repository)
    for layer in base.manifest.layers:
        if layer.urls or not mediatype.is_distributed(layer.media_type):
            raise ForeignLayerError(
                request.image,
                str(request.platform),
                engine,
                base=base.repository,
                layer=str(layer.digest),
            )
    return BaseImage(
        value=decode_object(base.config, _KIND),
        entrypoint=config.entrypoint,
        command=config.command,
        environment=config.environment,
        labels=config.labels,
        diff_ids=config.diff_ids,
        layers=tuple(map(_as_oci, base.manifest.layers)),
    )


def write_config(
    base: BaseImage, request: BuildRequest, recipe: DirectRecipe, layers: Sequence[NamedLayer]
) -> bytes:
    """The new image's config; the same arguments give the same bytes."""
    created = rfc3339(request.created)
    kept = {key: item for key, item in base.value.items() if key not in _STALE}
    value: JsonObject = {
        **kept,
        "created": created,
        **_platform_fields(request.platform),
        "config": _run_config(base, request, recipe),
        "rootfs": {
            "type": "layers",
            "diff_ids": [*map(str, base.diff_ids), *(str(each.layer.diff_id) for each in layers)],
        },
        "history": [*_base_history(base), *_steps(recipe, created, layers)],
    }
    if not request.platform.variant:
        value.pop("variant", None)
    return encode(value)


def _as_oci(layer: Descriptor) -> Descriptor:
    return replace(layer, media_type=_OCI_LAYERS.get(layer.media_type, layer.media_type))


def _platform_fields(platform: Platform) -> JsonObject:
    fields = {"architecture": platform.architecture, "os": platform.os}
    return {**fields, "variant": platform.variant} if platform.variant else fields


def _run_config(base: BaseImage, request: BuildRequest, recipe: DirectRecipe) -> JsonObject:
    found = optional_object(base.value, "config", _KIND) or {}
    value = {key: item for key, item in found.items() if key not in _STALE_RUN}
    if recipe.entrypoint:
        value["Entrypoint"] = list(recipe.entrypoint)
        value.pop("Cmd", None)
    changes: JsonObject = {
        "User": recipe.user,
        "ExposedPorts": _with(found, "ExposedPorts", map(_port, recipe.ports)),
        "Env": _environment(base.environment, recipe.image_environment),
        "Cmd": list(recipe.default_command),
        "Volumes": _with(found, "Volumes", recipe.volumes),
        "WorkingDir": recipe.working_dir,
        "StopSignal": recipe.stop_signal,
        "Healthcheck": _healthcheck(recipe.healthcheck),
        "Labels": dict(sorted({**base.labels, **request.labels}.items())),
    }
    return {**value, **{key: item for key, item in changes.items() if item}}


def _environment(base: tuple[str, ...], added: Mapping[str, str]) -> list[str]:
    merged = dict(item.partition("=")[::2] for item in base)
    return [f"{name}={value}" for name, value in {**merged, **added}.items()]


def _port(text: str) -> str:
    return text if "/" in text else f"{text}/tcp"


def _base_history(base: BaseImage) -> list[JsonObject]:
    """The base's history, filled up where it does not speak of every layer."""
    steps = object_list(base.value, "history", _KIND)
    told = sum(1 for step in steps if not step.get("empty_layer"))
    return [*steps, *({"comment": "layer of the base"} for _ in base.diff_ids[told:])]


def _with(found: JsonObject, key: str, added: Iterable[str]) -> JsonObject:
    """A set of names, which JSON has as an object: the base's and those of the recipe."""
    base = optional_object(found, key, _KIND) or {}
    return dict(sorted({**base, **{name: {} for name in added}}.items()))


def _healthcheck(check: HealthCheck | None) -> JsonObject:
    if check is None:
        return {}
    if not check.command:
        return {"Test": ["NONE"]}
    times = {
        "Interval": check.interval_s,
        "Timeout": check.timeout_s,
        "StartPeriod": check.start_period_s,
    }
    given = {key: value * _NANOSECONDS for key, value in times.items() if value is not None}
    retries = {"Retries": check.retries} if check.retries is not None else {}
    return {"Test": ["CMD", *check.command], **given, **retries}


def _steps(
    recipe: DirectRecipe, created: str, layers: Sequence[NamedLayer]
) -> Iterator[JsonObject]:
    targets = ", ".join(file.target for file in recipe.files) or "settings only"
    for each in layers:
        what = targets if len(layers) == 1 else f"layer `{each.name}`"
        yield {"created": created, "created_by": f"polyarch direct: {what}"}
    if not layers:
        step = {"created": created, "created_by": f"polyarch direct: {targets}"}
        yield {**step, "empty_layer": True}
