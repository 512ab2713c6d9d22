"""The direct engine's table of the config, as the engine takes it and as it enters an input key."""

from collections.abc import Callable
from dataclasses import astuple
from typing import Protocol

from polyarch.config.direct import DirectSettings
from polyarch.engines.base import Base, CopiedFile, DirectRecipe
from polyarch.engines.laid import HealthCheck
from polyarch.metadata.template import as_is
from polyarch.oci.fields import JsonObject
from polyarch.oci.placeholder import escape


class Render(Protocol):
    """Works out the metadata expressions of a text; `key` says where it stands."""

    def __call__(self, text: str, key: str, write: Callable[[str], str] = as_is) -> str:
        """The text; `write` is how a result is written into it."""
        ...


def recipe_json(settings: DirectSettings, render: Render) -> JsonObject:
    """The table with its expressions worked out; the base as it is named."""
    recipe = make_recipe(settings, None, render)
    health = recipe.healthcheck
    return {
        "base": settings.base,
        "preset": settings.preset,
        "command": recipe.command,
        "run_env": dict(sorted(recipe.environment.items())),
        "files": [(file.source, file.target, file.mode, file.layer) for file in recipe.files],
        "entrypoint": recipe.entrypoint,
        "default_command": recipe.default_command,
        "working_dir": recipe.working_dir,
        "user": recipe.user,
        "environment": dict(sorted(recipe.image_environment.items())),
        "ports": recipe.ports,
        "volumes": recipe.volumes,
        "stop_signal": recipe.stop_signal,
        "healthcheck": astuple(health) if health else None,
        "ca_certificates": settings.certificates,
    }


def make_recipe(settings: DirectSettings, base: Base | None, render: Render) -> DirectRecipe:
    """What the engine does; its own placeholders are left for it to fill.

    Braces in what an expression gives (a branch may be called `{out}`) are no placeholders.
    """
    return DirectRecipe(
        command=tuple(
            render(word, f"direct.run[{n}]", escape) for n, word in enumerate(settings.run)
        ),
        environment={
            name: render(value, f"direct.run-env.{name}", escape)
            for name, value in settings.run_env.items()
        },
        files=tuple(
            CopiedFile(source=file.source, target=file.target, mode=file.mode, layer=file.layer)
            for file in settings.files
        ),
        base=base,
        entrypoint=settings.entrypoint,
        default_command=settings.cmd,
        working_dir=settings.working_dir,
        user=settings.user,
        image_environment={
            name: render(value, f"direct.env.{name}") for name, value in settings.env.items()
        },
        ports=settings.ports,
        volumes=settings.volumes,
        stop_signal=settings.stop_signal,
        healthcheck=_healthcheck(settings),
    )


def _healthcheck(settings: DirectSettings) -> HealthCheck | None:
    asked = settings.healthcheck
    if asked is None:
        return None
    return HealthCheck(
        command=asked.command,
        interval_s=asked.interval_s,
        timeout_s=asked.timeout_s,
        start_period_s=asked.start_period_s,
        retries=asked.retries,
    )
