"""PA202: Rust that is compiled under emulation."""

from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.departures import departing
from polyarch.dockerfile.lint.emulated import emulated
from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site, emulation_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.preconditions import (
    Doubt,
    Precondition,
    judged,
    libraries,
    other_work,
    pin_doubts,
    tested,
    visible,
)
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.view import FileView
from polyarch.findings import Severity

_ID = "PA202"
_WASM_TOOLS = frozenset({"wasm-pack", "trunk"})


def check(view: FileView) -> Iterable[LintFinding]:
    """Stages that compile Rust for the target under emulation."""
    emulation = emulation_of(view)
    for site in emulation.emulated:
        deeds = site.of(Work.RUST)
        if deeds:
            yield emulated(
                emulation,
                site,
                deeds[-1],
                rule=_ID,
                leads_to="rustc is among the slowest programs under QEMU, and cargo fails on some"
                " 32-bit platforms there",
                hint="cross-compile from `--platform=$BUILDPLATFORM` with `xx-cargo` or"
                " cargo-zigbuild, and copy the program out of `target/<triple>/release`",
                verdict=judged(emulation, site, _doubts),
            )


def _doubts(emulation: Emulation, site: Site) -> Iterator[Doubt]:
    family = emulation.family(site.stage)
    yield Doubt(
        about=Precondition.NO_LIBRARIES,
        most=FixClass.REVIEW,
        reason="crossing Rust needs a linker for the target, and the program lands in a folder"
        " named by the triple",
    )
    yield from pin_doubts(emulation, site.stage, about_question=FixClass.REVIEW)
    yield from visible(family, Work.RUST)
    yield from other_work(family, Work.RUST)
    yield from tested(family, Work.RUST)
    yield from libraries(family)
    outputs = emulation.leaving(family)
    yield from departing(emulation, family, outputs)
    yield from _mixed(family)


def _mixed(family: tuple[Site, ...]) -> Iterator[Doubt]:
    """Programs for the web and for the image from one stage; Rust inside another runtime."""
    deeds = [deed for site in family for deed in site.of(Work.RUST)]
    if any(deed.call.program == "maturin" for deed in deeds):
        yield _none("`maturin` builds a module for the Python of the target")
    for_web = [deed for deed in deeds if _is_wasm(deed)]
    if for_web and len(for_web) < len(deeds):
        yield _none(f"`{for_web[0].call}` is for WebAssembly, the rest for the image")


def _is_wasm(deed: Deed) -> bool:
    targets = deed.call.values("--target")
    return deed.call.program in _WASM_TOOLS or any(one.startswith("wasm") for one in targets)


def _none(reason: str) -> Doubt:
    return Doubt(about=Precondition.NEUTRAL, most=FixClass.NONE, reason=reason)


RULES: tuple[Rule, ...] = (
    Rule(
        id=_ID,
        name="emulated-rust",
        severity=Severity.PERF,
        fix=FixClass.REVIEW,
        title="Rust is compiled under emulation",
        consequence=(
            "rustc and LLVM run in QEMU for every foreign platform; ten times the time and more is"
            " usual, and a build of minutes becomes one of hours. For 32-bit platforms it is not"
            " only slow: cargo fails there on file systems of 64-bit hosts."
        ),
        remedy=(
            "Run the stage on the building machine and compile for the target's triple. `xx-cargo`"
            " takes the triple from TARGETPLATFORM and brings linker and headers; cargo-zigbuild"
            " does it with zig. The program then lies in `target/<triple>/release`. Crates that"
            " link C libraries need these for the target (`xx-apk add`, `xx-apt install`)."
        ),
        check=check,
        before=(
            "FROM rust:1-alpine AS build\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\n"
            "FROM alpine\nCOPY --from=build /src/target/release/app /usr/bin/app\n"
        ),
        after=(
            "FROM --platform=$BUILDPLATFORM tonistiigi/xx AS xx\n"
            "FROM --platform=$BUILDPLATFORM rust:1-alpine AS build\nCOPY --from=xx / /\n"
            "RUN apk add clang lld musl-dev\nWORKDIR /src\nCOPY . .\nARG TARGETPLATFORM\n"
            "RUN xx-cargo build --release --target-dir target \\\n"
            " && cp target/$(xx-cargo --print-target-triple)/release/app /app\n"
            "FROM alpine\nCOPY --from=build /app /usr/bin/app\n"
        ),
        sources=(
            "https://github.com/tonistiigi/xx",
            "https://github.com/rust-cross/cargo-zigbuild",
            "https://github.com/rust-lang/cargo/issues/8719",
        ),
    ),
)
