"""The direct engine's table of the config, as the engine takes it and as it enters an input key."""

from collections.abc import Callable
from typing import Protocol

from polyarch.config.direct import DirectSettings
from polyarch.engines.base import Base, CopiedFile, DirectRecipe
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
    return {
        "base": settings.base,
        "command": recipe.command,
        "files": [(file.source, file.target, file.mode) for file in recipe.files],
        "entrypoint": recipe.entrypoint,
        "default_command": recipe.default_command,
        "working_dir": recipe.working_dir,
        "user": recipe.user,
        "environment": dict(sorted(recipe.image_environment.items())),
        "ports": recipe.ports,
    }


def make_recipe(settings: DirectSettings, base: Base | None, render: Render) -> DirectRecipe:
    """What the engine does; its own placeholders are left for it to fill.

    Braces in what an expression gives (a branch may be called `{out}`) are no placeholders.
    """
    return DirectRecipe(
        command=tuple(
            render(word, f"direct.run[{n}]", escape) for n, word in enumerate(settings.run)
        ),
        files=tuple(
            CopiedFile(source=file.source, target=file.target, mode=file.mode)
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
    )
