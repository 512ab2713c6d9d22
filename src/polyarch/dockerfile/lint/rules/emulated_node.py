"""PA204 and PA210: front ends and Node packages that are made under emulation."""

from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.departures import departing
from polyarch.dockerfile.lint.emulated import emulated
from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site, emulation_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.neutral import is_neutral
from polyarch.dockerfile.lint.node_outputs import (
    holds_packages,
    installs,
    is_front_end,
    is_run_by_node,
    partners,
    shipped_packages,
)
from polyarch.dockerfile.lint.outputs import Output
from polyarch.dockerfile.lint.preconditions import (
    Doubt,
    Precondition,
    Verdict,
    judged,
    other_work,
    pin_doubts,
)
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.tools import Work
from polyarch.dockerfile.lint.view import FileView
from polyarch.findings import Severity

_BUNDLE = "PA204"
_PACKAGES = "PA210"
_PROGRAMS = frozenset({"electron-builder", "pkg", "nexe"})
_ADD_ONS = frozenset({"node-gyp", "node-pre-gyp", "prebuild-install"})


def check_front_end(view: FileView) -> Iterable[LintFinding]:
    """Stages that make a front end for the target under emulation."""
    emulation = emulation_of(view)
    reaching = shipped_packages(emulation)
    for site, deeds in _stages(emulation):
        if site.stage.is_shipped or site.stage.index in reaching:
            continue
        if site.work == {Work.NODE} or _gives_bundle(emulation, site):
            yield emulated(
                emulation,
                site,
                deeds[-1],
                rule=_BUNDLE,
                leads_to="Node under QEMU is slow and crashes, and the bundle is the same on every"
                " platform",
                hint="put `--platform=$BUILDPLATFORM` on the stage's FROM, and nothing else",
                verdict=judged(emulation, site, _doubts),
            )


def check_packages(view: FileView) -> Iterable[LintFinding]:
    """Stages that install Node packages for the image under emulation."""
    emulation = emulation_of(view)
    reaching = shipped_packages(emulation)
    for site, deeds in _stages(emulation):
        found = _packages_verdict(site, deeds, reaching.get(site.stage.index))
        if found:
            yield emulated(
                emulation,
                site,
                next((deed for deed in deeds if installs(deed)), deeds[0]),
                rule=_PACKAGES,
                leads_to="Node under QEMU is slow and crashes, and the packages that the image"
                " gets may be native",
                hint="build in a stage on `--platform=$BUILDPLATFORM`, and install only what runs"
                " (`--omit=dev`) for the target; where no package has an install script, `npm ci"
                " --os=linux --cpu=…` installs for another platform",
                verdict=found,
            )


def _gives_bundle(emulation: Emulation, site: Site) -> bool:
    """Whether a front end leaves; one that a program of another language takes in does not."""
    if emulation.is_large(site.stage):
        return True
    heirs = emulation.heirs(site.stage)
    outputs = emulation.leaving(heirs)
    return any(
        is_front_end(emulation, heirs, output) and not is_neutral(output.path) for output in outputs
    )


def _stages(emulation: Emulation) -> Iterator[tuple[Site, tuple[Deed, ...]]]:
    for site in emulation.emulated:
        deeds = site.of(Work.NODE)
        if deeds:
            yield site, deeds


def _packages_verdict(site: Site, deeds: tuple[Deed, ...], output: Output | None) -> Verdict | None:
    """Why packages cannot move; None where none of them reach the image."""
    if site.stage.is_shipped:
        if not any(installs(deed) for deed in deeds):
            return None
        reason = "the stage is part of the image, and native packages are for the machine that ran"
        return Verdict(fix=FixClass.NONE, why_not=reason)
    if output is None:
        return None
    reason = f"`{output.path}` brings packages into the image, which may be native"
    return Verdict(fix=FixClass.NONE, why_not=reason)


def _doubts(emulation: Emulation, site: Site) -> Iterator[Doubt]:
    family = emulation.family(site.stage)
    yield from pin_doubts(emulation, site.stage, about_question=FixClass.REVIEW)
    yield from other_work(family, Work.NODE, Work.JAVA)
    outputs = tuple(
        output for output in emulation.leaving(family) if not _passes_packages(emulation, output)
    )
    yield from departing(emulation, family, outputs)
    for member in family:
        yield from (doubt for deed in member.of(Work.NODE) for doubt in _of_deed(deed))
    for output in outputs:
        if not is_front_end(emulation, family, output):
            reason = f"nothing tells that `{output.path}` is the same on every platform"
            yield _doubt(reason, FixClass.REVIEW)
        elif is_run_by_node(emulation, output):
            reason = f"Node may run `{output.path}` in the image, and bundlers copy native add-ons"
            yield _doubt(reason, FixClass.REVIEW)
    for index in partners(emulation, family):
        line = emulation.view.stages[index].line
        reason = f"packages pass between it and the stage of line {line}: both have to move"
        yield _doubt(reason, FixClass.REVIEW)


def _passes_packages(emulation: Emulation, output: Output) -> bool:
    """Whether it gives packages to a stage that is not the image, and that has to move as well."""
    receiver = emulation.view.stages[output.receiver]
    return not receiver.is_shipped and holds_packages(emulation, output)


def _of_deed(deed: Deed) -> Iterator[Doubt]:
    found = deed.call
    if found.program in _PROGRAMS or found.has("--compile"):
        yield _doubt(f"`{found}` makes a program for one platform", FixClass.NONE)
    if found.program in _ADD_ONS or found.verb in {"rebuild", "rb"}:
        yield _doubt(f"`{found}` compiles native add-ons", FixClass.REVIEW)


def _doubt(reason: str, most: FixClass) -> Doubt:
    return Doubt(about=Precondition.NEUTRAL, most=most, reason=reason)


RULES: tuple[Rule, ...] = (
    Rule(
        id=_BUNDLE,
        name="emulated-frontend",
        severity=Severity.PERF,
        fix=FixClass.SAFE,
        title="a front end is built under emulation",
        consequence=(
            "Node's just-in-time compiler is itself emulated, so installing and bundling take many"
            " times as long, and Node is known to crash under QEMU with illegal instructions. All"
            " of it for files that browsers load, which have no platform."
        ),
        remedy=(
            "Pin the stage to the building machine. Nothing else changes: no TARGETARCH, no options"
            " for the package manager. The bundle is then made once for all platforms."
        ),
        check=check_front_end,
        before=(
            "FROM node:22 AS web\nCOPY . .\nRUN npm ci && npm run build\n"
            "FROM nginx\nCOPY --from=web /dist /usr/share/nginx/html\n"
        ),
        after=(
            "FROM --platform=$BUILDPLATFORM node:22 AS web\nCOPY . .\n"
            "RUN npm ci && npm run build\n"
            "FROM nginx\nCOPY --from=web /dist /usr/share/nginx/html\n"
        ),
        sources=(
            "https://docs.docker.com/build/building/multi-platform/",
            "https://github.com/nodejs/docker-node/issues/1798",
            "https://github.com/docker/build-push-action/issues/1071",
        ),
    ),
    Rule(
        id=_PACKAGES,
        name="node-modules-shipped",
        severity=Severity.PERF,
        fix=FixClass.NONE,
        title="Node packages of the image are installed under emulation",
        consequence=(
            "The install runs in QEMU: slow, and known to crash. It cannot simply move to the"
            " building machine, because packages such as esbuild, sharp, bcrypt or Prisma bring"
            " native parts for the machine they were installed on; the image would then fail at"
            " its start on every other platform."
        ),
        remedy=(
            "Make two stages of it. The one that builds may be pinned to the building machine; the"
            " one that installs what the image runs stays on the target, with `--omit=dev` to keep"
            " it short. If no package of the lock file has an install script, the install may be"
            " pinned as well and told the target: `npm ci --os=linux --cpu=arm64 --libc=musl`,"
            " `supportedArchitectures` of pnpm and Yarn, `binaryTargets` of Prisma."
        ),
        check=check_packages,
        before=(
            "FROM node:22 AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n"
            "FROM node:22-slim\nCOPY --from=build /app /app\n"
        ),
        after=(
            "FROM --platform=$BUILDPLATFORM node:22 AS build\nWORKDIR /app\nCOPY . .\n"
            "RUN npm ci && npm run build\n"
            "FROM node:22-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci --omit=dev\n"
            "COPY --from=build /app/dist ./dist\n"
        ),
        sources=(
            "https://github.com/npm/cli/issues/4828",
            "https://docs.npmjs.com/cli/commands/npm-install#cpu",
            "https://github.com/vercel/next.js/issues/44804",
        ),
    ),
)
