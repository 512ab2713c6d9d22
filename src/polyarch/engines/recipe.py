"""A recipe of the direct engine with every placeholder filled, before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyarch.engines.base import BuildRequest, CopiedFile, DirectRecipe
from polyarch.engines.gather import Laying, Roots
from polyarch.oci.placeholder import fill
from polyarch.oci.toolchain import IMAGE_PLACEHOLDERS, names_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledRecipe:
    """What is run and laid for one platform; `environment` holds only what the recipe adds."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    layings: tuple[Laying, ...]


def fill_recipe(request: BuildRequest, recipe: DirectRecipe, roots: Roots) -> FilledRecipe:
    """Fill command, environment and files; errors name the key path.

    Raises:
        UnknownPlaceholderError, PlaceholderValueError, PlaceholderSyntaxError: as the names say.
    """
    key = f"images.{request.image}.direct"
    values = {
        **names_of(request.platform),
        "image": request.image,
        "project": str(roots.project),
        "out": str(roots.out),
    }
    return FilledRecipe(
        command=_words(recipe.command, values, f"{key}.run"),
        environment={
            name: fill(text, values, where=f"{key}.environment.{name}")
            for name, text in recipe.environment.items()
        },
        layings=tuple(
            _laying(file, values, f"{key}.files[{number}]")
            for number, file in enumerate(recipe.files)
        ),
    )


def _words(words: Sequence[str], values: Mapping[str, str | None], where: str) -> tuple[str, ...]:
    return tuple(fill(word, values, where=f"{where}[{n}]") for n, word in enumerate(words))


def _laying(file: CopiedFile, values: Mapping[str, str | None], where: str) -> Laying:
    inside = {name: values[name] for name in IMAGE_PLACEHOLDERS}
    return Laying(
        source=fill(file.source, values, where=f"{where}.from"),
        written=file.source,
        target=fill(file.target, inside, where=f"{where}.to"),
        mode=file.mode,
        layer=file.layer,
        where=f"{where}, platform `{values['platform']}`",
    )
