"""PA503, PA504: what a stage on the builder's platform makes, and who gets it."""

import posixpath
import re
from collections.abc import Iterator

from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site, emulation_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.outputs import Output
from polyarch.dockerfile.lint.packages import compilers, fills_another_root
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.settings import setting
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.view import FileView, StageClass, StageView
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_MODULES = re.compile(r"(?:^|/)node_modules(?:/|$)")
_PYTHON = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|\.?venv|virtualenv|__pypackages__)(?:/|$)"
    r"|/usr(?:/local)?/lib/python[0-9.]+/?$|^/root/\.local/?$"
)
_LIBRARIES = frozenset({"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"})
_SHARED_OBJECT = re.compile(r"^/(?:usr/)?(?:local/)?lib(?:64)?/(?:.*/)?[^/]+\.so(?:[.*].*)?$")
_RUST = re.compile(r"(?:^|/)target/(?:release|debug)/[^/*]+$")
_FOLLOWS = re.compile(r"TARGET(?:ARCH|PLATFORM|VARIANT)|\bGOARCH\b|\bxx-|CARGO_BUILD_TARGET")
_CHOOSES_CPU = re.compile(
    r"--cpu[= ]|--target[-_]arch|npm_config_(?:target_)?arch|supportedArchitectures", re.IGNORECASE
)
_COMPILERS = frozenset({"cc", "gcc", "g++", "c++", "clang", "clang++"})
_TO = ("-o", "--output")


# --- PA503 ---------------------------------------------------------------------------------------


def native_stage_runs_target(view: FileView) -> Iterator[LintFinding]:
    """A program for the target that the builder's stage starts, in no branch of its own."""
    for site in emulation_of(view).sites.values():
        if site.stage.kind is not StageClass.NATIVE or not view.others:
            continue
        made: set[str] = set()
        told: set[int] = set()
        for deed in site.deeds:
            line = deed.run.instruction.first_line
            name = deed.call.program
            if deed.call.is_path and name in made and not deed.command.arms and line not in told:
                told.add(line)
                yield _runs(site, deed, view.others)
            made |= _made_for_target(view, site, deed)


def _made_for_target(view: FileView, site: Site, deed: Deed) -> set[str]:
    """The names of what a command compiles for the target."""
    is_go = deed.call.program == "go" and deed.call.verb == "build"
    if is_go:
        found = setting(view, site.stage, deed, "GOARCH")
        crosses = found is not None and found.names_target_arch
    else:
        crosses = deed.call.program in {"xx-go", "xx-clang", "xx-clang++"}
    if not crosses:
        return set()
    return {posixpath.basename(value) for value in deed.call.values(*_TO) if "$" not in value}


def _runs(site: Site, deed: Deed, others: tuple[Platform, ...]) -> LintFinding:
    name = str(deed.command.words[0])
    return LintFinding(
        rule="PA503",
        severity=Severity.WARNING,
        line=deed.run.instruction.first_line,
        span=deed.command.span,
        platforms=others,
        message=f"`{name}` is compiled for the target, and started on the builder's platform: it "
        "needs an emulator there, or fails",
        hint="start it in a stage of the target, or compile a second one for the builder",
        why_not=f"what stage `{site.stage.name}` needs of it is not in the file",
    )


# --- PA504 ---------------------------------------------------------------------------------------


def native_output_leaks(view: FileView) -> Iterator[LintFinding]:
    """Files of the builder's platform that a stage of the target takes."""
    emulation = emulation_of(view)
    told: set[tuple[int, int]] = set()
    for site in emulation.sites.values():
        if site.stage.kind is not StageClass.NATIVE:
            continue
        for output in emulation.transfers.of(site.stage):
            receiver = view.stages[output.receiver]
            concerned = _concerned(view, site.stage, receiver)
            key = (output.receiver, output.line)
            what = "" if key in told or not concerned else _machine_code(emulation, site, output)
            if what and not output.is_mount:
                told.add(key)
                yield _leaks(site, output, what, concerned)


def _concerned(view: FileView, giver: StageView, receiver: StageView) -> tuple[Platform, ...]:
    return tuple(
        one
        for one in view.others
        if giver.kinds.get(one) is StageClass.NATIVE
        and receiver.kinds.get(one) is StageClass.TARGET
    )


def _machine_code(emulation: Emulation, site: Site, output: Output) -> str:
    """What of the builder's machine a path holds; empty where that is not known."""
    path = output.path
    family = emulation.view.chain(site.stage)
    deeds = tuple(deed for stage in family for deed in emulation.sites[stage.index].deeds)
    if _MODULES.search(path):
        return _of_node(deeds)
    if _PYTHON.search(path) and any(deed.work is Work.PYTHON for deed in deeds):
        return "Python packages and what is compiled in them"
    if any(fills_another_root(deed.command) for deed in deeds) or _follows_target(family):
        return ""
    if path.rstrip("/") in _LIBRARIES or _SHARED_OBJECT.match(path):
        return "libraries of the builder's system"
    return _of_compiler(deeds, path)


def _of_node(deeds: tuple[Deed, ...]) -> str:
    installs = [deed for deed in deeds if deed.work is Work.NODE]
    if not installs or any(_CHOOSES_CPU.search(deed.script.text) for deed in installs):
        return ""
    if compilers(deed.command for deed in deeds):
        return "Node.js modules with add-ons that are compiled here"
    return "Node.js modules, add-ons among them"


def _follows_target(stages: tuple[StageView, ...]) -> bool:
    return any(
        _FOLLOWS.search(" ".join((one.arguments.text, *(each.body for each in one.heredocs))))
        for stage in stages
        for one in stage.body
    )


def _of_compiler(deeds: tuple[Deed, ...], path: str) -> str:
    """A program of a compiler that was told no target."""
    name = posixpath.basename(path)
    for deed in deeds:
        call = deed.call
        names = {posixpath.basename(value) for value in call.values(*_TO)}
        is_go = call.program == "go" and call.verb == "build"
        if (is_go or call.program in _COMPILERS) and name in names and not call.has("--target"):
            return f"`{name}`, compiled by `{call}` for the builder"
        is_cargo = call.program == "cargo" and call.verb in {"build", "b"}
        if is_cargo and _RUST.search(path) and not call.has("--target"):
            return f"`{name}`, compiled by `{call}` for the builder"
    return ""


def _leaks(site: Site, output: Output, what: str, concerned: tuple[Platform, ...]) -> LintFinding:
    is_compiled = "compiled by" in what
    return LintFinding(
        rule="PA504",
        severity=Severity.ERROR,
        line=output.line,
        span=output.span,
        platforms=concerned,
        message=f"stage `{site.stage.name}` runs on the builder's platform, and this takes {what}: "
        "every other platform gets code that it cannot run",
        hint="tell the compiler the target (`TARGETARCH`), and put it on the command"
        if is_compiled
        else "install for the target: in a stage without `--platform=$BUILDPLATFORM`, or with the "
        "package manager's own words for another platform",
        fix=FixClass.REVIEW if is_compiled else FixClass.NONE,
        why_not="how it is to be compiled for the target is not in the file"
        if is_compiled
        else "packages have to be installed again for each platform",
    )


RULES = (
    Rule(
        id="PA503",
        name="native-stage-runs-target",
        severity=Severity.WARNING,
        fix=FixClass.NONE,
        title="A stage of the builder starts what it compiled for the target",
        consequence="`./app --version` after a cross build works on the platform of the builder "
        "alone. For the others it needs an emulator that happens to be registered, or the build "
        "stops with `exec format error`.",
        remedy="Move the call to a stage of the target, or compile a second program for the "
        "builder and start that one.",
        before="RUN GOARCH=$TARGETARCH go build -o /out/app . && /out/app --version",
        after="RUN GOARCH=$TARGETARCH go build -o /out/app .",
        sources=("https://docs.docker.com/build/building/multi-platform/#cross-compilation",),
        check=native_stage_runs_target,
    ),
    Rule(
        id="PA504",
        name="native-output-leaks",
        severity=Severity.ERROR,
        fix=FixClass.REVIEW,
        title="Files for the builder's machine enter the image of every platform",
        consequence="The build is fast and nothing fails, until a container of another platform "
        "starts: its program, its add-ons or its libraries are the builder's.",
        remedy="Only what is the same everywhere may leave a stage on `$BUILDPLATFORM`: texts, "
        "bundles, jars. Compilers there have to be told the target. Packages with code of a "
        "machine are installed in a stage of the target.",
        before="FROM --platform=$BUILDPLATFORM golang:1.24 AS build\n"
        "RUN go build -o /out/app .\n"
        "FROM scratch\n"
        "COPY --from=build /out/app /app",
        after="FROM --platform=$BUILDPLATFORM golang:1.24 AS build\n"
        "ARG TARGETOS TARGETARCH\n"
        "RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/app .\n"
        "FROM scratch\n"
        "COPY --from=build /out/app /app",
        sources=("https://docs.docker.com/build/building/multi-platform/#cross-compilation",),
        check=native_output_leaks,
    ),
)
