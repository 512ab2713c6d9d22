"""A C compiler for the target in a stage on Debian or Ubuntu: their cross packages.

One RUN installs them and makes links whose names are the same for every target (`target-gcc`), so
that the commands behind need no choice of their own. Debian builds cross compilers for amd64 and
arm64 machines (package gcc-defaults); for the machine's own platform it is the plain one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from polyarch.dockerfile.fix.change import Work
from polyarch.dockerfile.fix.declare import above, declare, place_above
from polyarch.dockerfile.fix.dispatch import ARGUMENTS, statement
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.arches import ARM_V6, I386, KNOWN, World, name_in
from polyarch.dockerfile.lint.bases import Libc, PackageManager, base_of
from polyarch.dockerfile.lint.packages import installed, is_linked_with
from polyarch.dockerfile.lint.view import StageView
from polyarch.dockerfile.tree import Instruction
from polyarch.errors import FixRefusedError
from polyarch.oci.platform import Platform

_BUILDERS = frozenset({"amd64", "arm64"})
_TOOLS = ("ar", "gcc", "g++", "ld", "nm", "objcopy", "ranlib", "strip")
_TRIPLETS = {I386: "i686-linux-gnu", ARM_V6: "arm-linux-gnueabi"}
"""GNU's names where they are not those of the library folders."""
_CARGO = (
    r"""printf '[build]\ntarget = "%s"\n[target.%s]\nlinker = "target-gcc"\n' """
    '"$rust" "$rust" > /.cargo/config.toml'
)
"""A configuration that cargo finds from any folder."""
_RUST = (
    'if command -v rustup >/dev/null; then rustup target add "$rust"',
    'elif [ "$debian" != "$own" ]; then dpkg --add-architecture "$debian"',
    'apt-get update; apt-get install -y --no-install-recommends "libstd-rust-dev:$debian"; fi',
    'mkdir -p /.cargo; echo "$rust" > /.cargo/target',
    _CARGO,
)
"""The standard library for the target, from rustup or from Debian, and the linker."""
_RUSTC = {
    "arm-linux-gnueabihf": "armv7-unknown-linux-gnueabihf",
    "arm-linux-gnueabi": "arm-unknown-linux-gnueabi",
    "riscv64-linux-gnu": "riscv64gc-unknown-linux-gnu",
}


def triplet(platform: Platform) -> str:
    """What GNU tools of a platform are called: `aarch64-linux-gnu`."""
    return _TRIPLETS.get(platform) or name_in(platform, World.MULTIARCH) or ""


def rust_target(platform: Platform) -> str:
    """What rustc calls it, with glibc."""
    name = triplet(platform)
    return _RUSTC.get(name) or name.replace("-linux-", "-unknown-linux-")


def may_have(stage: StageView, work: Work, first: Instruction) -> None:
    """See that the stage can have the cross packages.

    Raises:
        FixRefusedError: another distribution, another user than root, or libraries of the target.
    """
    base = base_of(work.view, stage)
    if base.package_manager is not PackageManager.APT or base.libc is not Libc.GLIBC:
        raise FixRefusedError(f"`{base.repository}:{base.tag}` has no cross compilers to install")
    if work.view.build_platform.architecture not in _BUILDERS:
        raise FixRefusedError("there are no cross compilers for the machine that builds")
    for one in above(work, stage, first):
        if one.name == "USER" and one.arguments.text not in {"root", "0", "0:0", "root:root"}:
            raise FixRefusedError("packages cannot be installed below another USER")
    for member in work.view.chain(stage):
        for _, command in member.commands:
            if linked := next((name for name in installed(command) if is_linked_with(name)), ""):
                raise FixRefusedError(f"it links with `{linked}`, which the target needs, too")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the RUN installs beside a C compiler: one for C++, what cargo needs."""

    cxx: bool = False
    rust: bool = False


def tools(
    stage: StageView,
    work: Work,
    users: Iterable[Instruction],
    wanted: Tools,
    *,
    names: tuple[str, ...] = ARGUMENTS,
) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """The RUN that installs them above the first user, and its ARG; the keywords of both.

    `names` are what the ARG declares.
    """
    first = min(users, key=lambda one: one.extent.start)
    may_have(stage, work, first)
    declared = declare(work, stage, names, [first])
    run = Edit.insert(place_above(work.file, first), _script(work, wanted))
    return (*declared, run), ("ARG", "RUN") if declared else ("RUN",)


def _script(work: Work, wanted: Tools) -> str:
    newline, indent = work.file.newline, "    "
    own, cross = ("gcc g++", "gcc-$cross g++-$cross") if wanted.cxx else ("gcc", "gcc-$cross")
    lines = [
        "set -e",
        statement(
            {one: _names(one, wanted) for one in _asked(work)},
            indent=indent,
            newline=newline,
            complaint="no cross compiler for",
        ),
        'cross=$(echo "$triplet" | tr _ -); own=$(dpkg --print-architecture)',
        f'if [ "$debian" = "$own" ]; then packages="{own} libc6-dev"',
        f'else packages="{cross} libc6-dev-$debian-cross"; fi',
        "apt-get update",
        "apt-get install -y --no-install-recommends $packages",
        *(_RUST if wanted.rust else ()),
        f"for tool in {' '.join(_TOOLS)}",
        'do ln -sf "/usr/bin/$triplet-$tool" "/usr/local/bin/target-$tool"; done',
    ]
    return "RUN " + f"; \\{newline}{indent}".join(lines) + newline


def _asked(work: Work) -> tuple[Platform, ...]:
    """The platforms that are asked for, in the order of the tables."""
    asked = {(one.architecture, one.variant) for one in work.view.platforms}
    return tuple(one for one in KNOWN if (one.architecture, one.variant) in asked) or KNOWN


def _names(platform: Platform, wanted: Tools) -> str:
    names = f"triplet={triplet(platform)} debian={name_in(platform, World.DEBIAN)}"
    return f"{names} rust={rust_target(platform)}" if wanted.rust else names
