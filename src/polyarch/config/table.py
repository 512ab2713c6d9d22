"""What the tables of polyarch.toml are made of: a class for each table, a field for each key.

A table is a class, a key is a field (`build_args` stands for `build-args`), its description is
what the JSON Schema and the reference page say. A key whose type is a list may also be
written with a plus (`"tags+"`): then it appends to what is inherited. A default of None means that
the key is absent.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from msgspec import Meta, Struct, convert

from polyarch.config import forms


def doc(text: str) -> Meta:
    """What a key does."""
    return Meta(description=text)


Name = Annotated[str, forms.NAME]
PlatformText = Annotated[str, forms.PLATFORM]
RepositoryText = Annotated[str, forms.REPOSITORY]
PathText = Annotated[str, forms.PATH]
Variable = Annotated[str, forms.VARIABLE]
Duration = Annotated[str, forms.DURATION]
Mode = Annotated[str, forms.MODE]
Words = tuple[str, ...]
Labels = dict[Annotated[str, forms.LABEL], str]
Level = Literal["index", "manifest", "index-descriptor", "manifest-descriptor"]
EngineName = Literal["auto", "buildx", "buildah", "direct"]


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A table of the file."""

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Self:
        """The typed table of values that were checked."""
        return convert(values, cls)
