"""What leaves a stage that runs Node.js: bundles, which are the same everywhere, or packages."""

import re
from collections.abc import Iterator, Mapping

from polyarch.dockerfile.lint.bases import Language, base_of
from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site
from polyarch.dockerfile.lint.entry import programs
from polyarch.dockerfile.lint.neutral import is_bundle, is_neutral, is_package_tree
from polyarch.dockerfile.lint.outputs import Output
from polyarch.dockerfile.lint.tools import Work

_TRACED = frozenset({"standalone", ".nuxt", ".next", "server", ".yarn", "node_modules"})
"""Folders that hold packages, or copies of those that a server needs."""

_HANDED_OUT = frozenset(
    {
        "public", "static", "www", "html", "ui", "web", "webui", "client", "frontend", "assets",
        "wwwroot", "htdocs", "browser", "spa", "site", "webapp", "web-ui",
    }
)  # fmt: skip
"""What people call a folder of files for browsers."""

_NODE_PROGRAMS = frozenset(
    {"node", "nodejs", "npm", "npx", "yarn", "pnpm", "bun", "pm2", "pm2-runtime"}
)
_DEEPEST = 16
_OUT_FLAGS = ("--outDir", "--out-dir", "--outdir", "--output-path", "--dist-dir", "--dest", "-o")


def holds_packages(emulation: Emulation, output: Output) -> bool:
    """Whether `node_modules`, or what a bundler copied of it, leaves with a path."""
    path = output.path
    parts = set(path.split("/"))
    if "/.next/static" in path or "/.output/public" in path:
        return False
    if is_package_tree(path) or parts & _TRACED or ".output" in parts:
        return True
    return any(_is_within(folder, path) for folder in _work_folders(emulation, output))


def shipped_packages(emulation: Emulation) -> Mapping[int, Output]:
    """By stage the path with which its packages reach the image, by itself or through others."""
    reaching: dict[int, Output] = {}
    # Who takes from a stage, or stands on it, is below it in the file.
    for index in sorted(emulation.sites, reverse=True):
        stage = emulation.view.stages[index]
        children = emulation.view.children.get(index, ())
        found = next((reaching[child] for child in children if child in reaching), None)
        for output in emulation.transfers.of(stage) if found is None else ():
            receiver = emulation.view.stages[output.receiver]
            if (receiver.is_shipped or receiver.index in reaching) and holds_packages(
                emulation, output
            ):
                found = output if receiver.is_shipped else reaching[receiver.index]
                break
        if found is not None:
            reaching[index] = found
    return reaching


def is_front_end(emulation: Emulation, family: tuple[Site, ...], output: Output) -> bool:
    """Whether a path is a bundle, by its name or because a command made it from one."""
    if is_neutral(output.path) or is_bundle(output.path) or "/.output/public" in output.path:
        return True
    end = emulation.transfers.ends.get(output.giver or 0)
    for site in family:
        for deed in site.deeds:
            words = [end.path(str(word)) if end else str(word) for word in deed.command.words[1:]]
            if deed.call.program in {"mv", "cp"} and output.path in words[-1:]:
                return any(is_bundle(word) for word in words[:-1])
            if deed.work is Work.NODE and output.path in {
                end.path(value) if end else value for value in deed.call.values(*_OUT_FLAGS)
            }:
                return True
    return False


def is_run_by_node(emulation: Emulation, output: Output) -> bool:
    """Whether the image may start a bundle with Node instead of handing it out."""
    receiver = emulation.view.stages[output.receiver]
    if not receiver.is_shipped or is_neutral(output.path):
        return False
    names = set(re.split(r"[/_.-]", f"{output.destination}/{output.path}"))
    if names & _HANDED_OUT or "/.next/static" in output.path:
        return False
    brings = base_of(emulation.view, receiver).language is Language.NODE
    started = {name.rpartition("/")[2] for name in programs(emulation.view)}
    return brings or not started.isdisjoint(_NODE_PROGRAMS)


def partners(emulation: Emulation, family: tuple[Site, ...]) -> Iterator[int]:
    """Other stages of the target that give packages to these, or take packages from them."""
    inside = {site.stage.index for site in family}
    for site in family:
        for output in emulation.transfers.of(site.stage):
            if output.receiver not in inside and holds_packages(emulation, output):
                yield output.receiver
        for output in emulation.transfers.into(site.stage):
            giver = output.giver
            if giver is None or giver in inside or not holds_packages(emulation, output):
                continue
            if emulation.view.stages[giver].is_emulated:
                yield giver


def installs(deed: Deed) -> bool:
    """Whether a call installs packages, or builds with them."""
    verb = deed.call.verb
    if deed.call.program in {"npm", "pnpm", "yarn", "bun"}:
        return verb in {"", "ci", "clean-install", "install", "i", "add", "rebuild", "rb"} or any(
            part in word
            for word in deed.call.plain[:2]
            for part in ("build", "compile", "bundle", "dist", "generate", "install")
        )
    return deed.call.program not in {"node", "nodejs"}


def _work_folders(emulation: Emulation, output: Output) -> Iterator[str]:
    """Where the giver runs Node, so that packages lie below."""
    giver = emulation.sites.get(output.giver) if output.giver is not None else None
    if giver is None:
        return
    for site in _line(emulation, giver):
        if Work.NODE in site.work:
            yield from emulation.transfers.workdirs.get(site.stage.index, ())
            for deed in site.of(Work.NODE):
                if deed.call.verb == "deploy":
                    yield from (word for word in deed.call.plain[-1:] if word.startswith("/"))


def _line(emulation: Emulation, site: Site) -> Iterator[Site]:
    """A stage and those that it stands on, as far as people stack them."""
    for _ in range(_DEEPEST):
        yield site
        above = next((one for one in site.stage.parents if one in emulation.sites), None)
        if above is None:
            return
        site = emulation.sites[above]


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
