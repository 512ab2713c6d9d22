"""The direct engine's table of the config, as the engine takes it and as it enters an input key."""

from collections.abc import Callable

from polyarch.config.project import DirectSettings
from polyarch.engines.base import Base, CopiedFile, DirectRecipe
from polyarch.oci.fields import JsonObject

Render = Callable[[str, str], str]
"""Works out the metadata expressions of a text; the second text says where it stands."""


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
    """What the engine does; its own placeholders are left for it to fill."""
    return DirectRecipe(
        command=tuple(render(word, f"direct.run[{n}]") for n, word in enumerate(settings.run)),
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
