"""What enters an image of the direct engine beside its context: files as they lie, its compiler.

A project's `.dockerignore` speaks of what Dockerfiles need, and often leaves out the very folder
that prebuilt programs lie in; what is laid is an input whatever it says.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from polyarch.config.direct import GO, DirectSettings
from polyarch.engines.gather import Laying, Roots, gather
from polyarch.engines.layer import Entry, File, Link
from polyarch.errors import (
    CertificatesNotFoundError,
    ConfigError,
    ProcessFailedError,
    ProgramNotFoundError,
    StorageError,
)
from polyarch.host.process import run
from polyarch.oci.fields import JsonObject, encode
from polyarch.oci.placeholder import fill, names_in
from polyarch.oci.platform import Platform
from polyarch.oci.toolchain import names_of
from polyarch.pipeline.certificates import machine_certificates

_CHUNK = 1024 * 1024
_GO = ("GOVERSION", "GOFLAGS", "GOEXPERIMENT")
"""What `go build` obeys beside the recipe, from variables and `go env -w`; none is the machine's
own. Go prints an empty line for one that it does not know.
"""


class DirectReader:
    """Asks for what does not differ between images only once; what is not there enters as empty."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._root = root.resolve()
        self._environment = environment
        self._certificates: str | None = None
        self._compiler: str | None = None
        self._digests: dict[Path, str] = {}

    def inputs(self, image: str, settings: DirectSettings, platform: Platform) -> str:
        """One digest for the files that are laid, this machine's authorities, and Go."""
        value: JsonObject = {
            "laid": self._laid(image, settings, platform),
            "certificates": self._machine() if settings.certificates is True else "",
            "compiler": self._go() if settings.preset == GO else "",
        }
        return hashlib.sha256(encode(value)).hexdigest()

    def _machine(self) -> str:
        if self._certificates is None:
            try:
                content = machine_certificates()
                self._certificates = hashlib.sha256(content).hexdigest()
            except CertificatesNotFoundError:
                self._certificates = ""
        return self._certificates

    def _go(self) -> str:
        if self._compiler is None:
            try:
                found = run(["go", "env", *_GO], environment=self._environment, folder=self._root)
                self._compiler = found.stdout
            except (ProgramNotFoundError, ProcessFailedError):
                self._compiler = ""
        return self._compiler

    def _laid(self, image: str, settings: DirectSettings, platform: Platform) -> str:
        try:
            layings = tuple(_of_project(image, settings, platform, self._root))
            entries = gather(layings, Roots(project=self._root, out=self._root / "nowhere"))
            if isinstance(settings.certificates, str):
                file = self._root / settings.certificates
                entries = (*entries, File(path=PurePosixPath("certificates"), source=file, mode=0))
            return self._digest(entries)
        except (ConfigError, StorageError, OSError):
            return "absent"  # the build tells what is wrong with it

    def _digest(self, entries: Sequence[Entry]) -> str:
        if not entries:
            return ""
        lines = [
            [str(each.path), type(each).__name__, self._content(each), getattr(each, "mode", 0)]
            for each in entries
        ]
        # Names may be no text: escapes stand for what UTF-8 cannot say.
        return hashlib.sha256(json.dumps(lines).encode()).hexdigest()

    def _content(self, entry: Entry) -> str:
        if isinstance(entry, Link):
            return entry.target
        return self._file(entry.source) if isinstance(entry, File) else ""

    def _file(self, path: Path) -> str:
        if path not in self._digests:
            checker = hashlib.sha256()
            with path.open("rb") as file:
                while piece := file.read(_CHUNK):
                    checker.update(piece)
            self._digests[path] = checker.hexdigest()
        return self._digests[path]


def _of_project(
    image: str, settings: DirectSettings, platform: Platform, root: Path
) -> Iterator[Laying]:
    """The files that no command makes."""
    values = {**names_of(platform), "image": image, "project": str(root)}
    for number, file in enumerate(settings.files):
        if "out" in names_in(file.source):
            continue
        yield Laying(
            source=fill(file.source, values, where=""),
            target=fill(file.target, values, where=""),
            mode=file.mode,
            where=f"files[{number}]",
            written=file.source,
        )
