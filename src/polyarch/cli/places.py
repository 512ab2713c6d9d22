"""Places and platforms as verbs take them from the command line."""

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from polyarch.cli.projects import complete_images
from polyarch.errors import EmptyOptionError, PolyarchError

if TYPE_CHECKING:
    from polyarch.oci.platform import Platform

KINDS = ("oci:", "oci-archive:", "docker-archive:", "docker-daemon:", "image:")


def complete_places(
    context: click.Context, parameter: click.Parameter, incomplete: str, *more: str
) -> list[CompletionItem]:
    """The kinds of places, and behind `image:` what the project builds."""
    if incomplete.startswith("image:"):
        name = incomplete.removeprefix("image:")
        found = complete_images(context, parameter, name)
        return [CompletionItem(f"image:{each.value}") for each in found if each.value[:1] != "@"]
    return [CompletionItem(kind) for kind in (*KINDS, *more) if kind.startswith(incomplete)]


def platforms_of(texts: tuple[str, ...], option: str = "--platform") -> "tuple[Platform, ...]":
    """The platforms of an option that is repeatable and takes commas.

    Raises:
        EmptyOptionError: it was given nothing, as if every platform were meant.
        InvalidPlatformError: one of them is none.
    """
    from polyarch.oci.platform import Platform, unique

    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    if texts and not words:
        raise EmptyOptionError(option)
    try:
        return unique(Platform.parse(word) for word in words)
    except PolyarchError as error:
        raise error.at(f"`{option}` on the command line") from None
