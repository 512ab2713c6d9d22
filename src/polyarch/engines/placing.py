"""From a filled recipe to what lies where: its files found, its programs looked at.

Continuous integration loses the right to run of files that it hands from job to job, so a program
whose header says that it is one gets it back, unless the recipe names a mode.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from polyarch.engines.base import DirectRecipe
from polyarch.engines.gather import Laying, Roots, gather
from polyarch.engines.laid import LookAt, SystemFile
from polyarch.engines.layer import Entry, File
from polyarch.engines.split import SYSTEM, Placed
from polyarch.errors import LaidFileError, StorageError

_RUNNABLE = 0o755


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """All entries in the recipe's order; `programs` are the paths of those that can be run."""

    placed: tuple[Placed, ...]
    programs: tuple[PurePosixPath, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries without their layers."""
        return tuple(each.entry for each in self.placed)


def place(
    recipe: DirectRecipe, layings: Sequence[Laying], roots: Roots, folder: Path, *, platform: str
) -> Laid:
    """Find all files, write those that no project has into `folder`, and look at programs.

    Raises:
        LaidFileError: a file is missing, cannot be laid, or is a program of another platform.
        StorageError: `folder` cannot be written.
    """
    found = [*_system(recipe.system, folder)]
    programs: dict[PurePosixPath, None] = {}
    for laying in layings:
        for entry in gather([laying], roots):
            kept = entry
            if recipe.look_at and isinstance(entry, File):
                kept, runs = _looked_at(entry, laying, recipe.look_at, platform)
                if runs:
                    programs["/" / entry.path] = None
            found.append(Placed(entry=kept, layer=laying.layer))
    return Laid(placed=tuple(found), programs=tuple(programs))


def entrypoint_of(
    recipe: DirectRecipe, laid: Laid, *, has_other: bool, where: str
) -> tuple[str, ...]:
    """The recipe's entrypoint, or its only program; `has_other` says that its base has one.

    Raises:
        LaidFileError: it cannot be told what the image would start.
    """
    if recipe.entrypoint or not recipe.sole_entry:
        return recipe.entrypoint
    if len(laid.programs) == 1:
        return (str(laid.programs[0]),)
    if has_other or recipe.default_command:
        return ()
    names = ", ".join(f"`{path}`" for path in laid.programs[:5])
    reason = f"{len(laid.programs)} programs are laid ({names})" if names else "none is a program"
    hint = "say what the image starts: `entrypoint` in the table `direct`"
    raise LaidFileError("files", reason, where=where, hint=hint)


def _system(files: Sequence[SystemFile], folder: Path) -> Iterator[Placed]:
    for number, file in enumerate(files):
        source = folder / f"system-{number}"
        try:
            source.write_bytes(file.content)
        except OSError as error:
            raise StorageError(str(source), error.strerror or str(error)) from error
        path = file.path.relative_to("/")
        yield Placed(entry=File(path=path, source=source, mode=file.mode), layer=SYSTEM)


def _looked_at(entry: File, laying: Laying, look_at: LookAt, platform: str) -> tuple[File, bool]:
    found = look_at(entry.source, "/" / entry.path)
    if found is None:
        return entry, False
    if found.misfit:
        name = laying.written if entry.source.name in laying.written else entry.source.name
        raise LaidFileError(
            name,
            f"`{entry.source.name}` is an {found.what}, and the image is for {platform}",
            where=laying.where,
            hint="build it for this platform, or let `from` name the right file by placeholders"
            " as `{goarch}` and `{rust}`; what is meant for others belongs into `[verify] allow`",
        )
    if found.runs and laying.mode is None:
        return replace(entry, mode=_RUNNABLE), True
    return entry, found.runs
