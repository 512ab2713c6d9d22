"""What `preset` gives: defaults of the keys of `direct`, weaker than anything that a file says."""

from collections.abc import Mapping, Sequence

from polyarch.config.direct import GO, STATIC
from polyarch.config.forms import SCRATCH
from polyarch.config.merge import Layer, merge, plain
from polyarch.config.source import Source, SourceKind

Table = Mapping[str, object]

_DIRECT = "direct"
_PLAIN: Mapping[str, Table] = {
    GO: {
        "base": SCRATCH,
        "package": ".",
        # The same bytes in every folder and clone, without what only debuggers read.
        "flags": ["-trimpath", "-buildvcs=false"],
        "ldflags": ["-s", "-w", "-buildid="],
    },
    STATIC: {"base": SCRATCH},
}
"""The keys that other keys of a preset follow from."""

_GO_ENVIRONMENT: Table = {
    "CGO_ENABLED": "0",
    **{
        name: f"{{{name.lower()}}}"
        for name in (
            "GOOS", "GOARCH", "GOARM", "GO386", "GOAMD64", "GOARM64", "GOPPC64", "GORISCV64",
        )
    },
}  # fmt: skip

_ON_SCRATCH: Table = {"user": "nonroot", "ca-certificates": True}
"""An empty image has neither users nor authorities; a base keeps its own."""


def with_preset(layers: Sequence[Layer]) -> list[Layer]:
    """The layers of an image's table, with those of its preset above the schema's defaults.

    The first layer holds these defaults.
    """
    name = _direct_of(layers).get("preset")
    if not isinstance(name, str) or name not in _PLAIN:
        return list(layers)
    first, rest = layers[0], layers[1:]
    given = _direct_of([first, _layer(name, _PLAIN[name]), *rest])
    more = _go(given) if name == GO else {}
    alone = _ON_SCRATCH if given.get("base") == SCRATCH else {}
    return [first, _layer(name, {**_PLAIN[name], **more, **alone}), *rest]


def _go(given: Table) -> Table:
    flags, ldflags = _words(given, "flags"), _words(given, "ldflags")
    linker = ["-ldflags", " ".join(ldflags)] if ldflags else []
    program = "{image}{exe}"
    command = ["go", "build", *flags, *linker, "-o", f"{{out}}/{program}"]
    return {
        "run": [*command, str(given.get("package"))],
        "run-env": dict(_GO_ENVIRONMENT),
        "files": [{"from": f"{{out}}/{program}", "to": f"/{program}", "mode": "0755"}],
        "entrypoint": ["/{image}"],
    }


def _direct_of(layers: Sequence[Layer]) -> Table:
    found = plain(merge(layers)).get(_DIRECT)
    return found if isinstance(found, dict) else {}


def _words(table: Table, key: str) -> list[str]:
    found = table.get(key)
    return [str(word) for word in found] if isinstance(found, list) else []


def _layer(name: str, table: Table) -> Layer:
    source = Source(kind=SourceKind.PRESET, name=name)
    return Layer(table={_DIRECT: table}, source=lambda _: source)
