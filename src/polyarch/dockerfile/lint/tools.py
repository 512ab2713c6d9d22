"""Programs whose work an emulator makes slow, with the subcommands that are the work.

A row names programs, then the subcommands that compile or install; behind `!` stand those that do
not, where every other word may be the name of a script. A row without a colon always works.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Work(StrEnum):
    """A kind of work; the value names it in messages."""

    GO = "Go"
    RUST = "Rust"
    C = "C or C++"
    NODE = "Node.js"
    JAVA = "Java"
    DOTNET = ".NET"
    PYTHON = "Python"
    OTHER = "other languages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What of a program is work: the `heavy` verbs, or all but the `light` ones, or each call."""

    work: Work
    heavy: frozenset[str] = frozenset()
    light: frozenset[str] = frozenset()


def _rows(work: Work, rows: str) -> dict[str, Tool]:
    """`program: verb verb`, `program: !light light`, or programs alone that always work."""
    found: dict[str, Tool] = {}
    for row in rows.strip().splitlines():
        names, _, verbs = row.strip().partition(":")
        words = frozenset(verbs.replace("!", " ").split())
        light = "!" in verbs
        tool = Tool(
            work=work,
            heavy=frozenset() if light else words,
            light=words if light else frozenset(),
        )
        found |= dict.fromkeys(names.split(), tool)
    return found


TOOLS: Mapping[str, Tool] = {
    **_rows(
        Work.GO,
        """
        go: build install run test generate vet
        xx-go: build install run test
        garble tinygo: build
        goreleaser: build release
        xcaddy xk6 wails ko: build publish
        gox mage gomobile
        """,
    ),
    **_rows(
        Work.RUST,
        """
        wasm-pack: build
        maturin: build develop publish
        trunk dx: build bundle
        cross: build rustc test run
        rustc
        """,
    ),
    **_rows(
        Work.C,
        """
        gcc g++ cc c++ clang clang++ tcc musl-gcc nvcc gfortran
        make: !clean distclean help
        gmake cmake ninja samu meson scons bazel bazelisk qmake b2 autoreconf
        configure Configure autogen.sh rpmbuild dpkg-buildpackage debuild abuild
        """,
    ),
    **_rows(
        Work.NODE,
        """
        npm: ci clean-install install i in add install-clean rebuild rb run run-script test t exec x update up install-test it
        yarn: !cache config set link unlink version versions info why plugin policies bin import audit licenses login init help node npm
        pnpm: !config store setup env fetch audit why list ls outdated root bin licenses init link unlink prune import self-update cache
        bun: install i add run build x test update create
        ng vue-cli-service react-scripts next nuxt nuxi gatsby astro vite vitepress: build generate export run prerender
        svelte-kit docusaurus hexo eleventy quasar ionic ember vuepress: build generate export
        webpack webpack-cli tsc rollup esbuild parcel rspack tsup ncc gulp grunt
        turbo nx lerna: run build bootstrap run-many affected
        electron-builder pkg nexe node-gyp node-pre-gyp prebuild-install
        bower: install
        """,  # noqa: E501 - a row of the table is a line
    ),
    **_rows(
        Work.JAVA,
        """
        mvn mvnw mvnd gradle gradlew sbt sbtn ant lein mill
        javac kotlinc scalac jlink jpackage native-image
        """,
    ),
    **_rows(
        Work.DOTNET,
        """
        dotnet: restore build publish test pack run msbuild tool workload vstest
        msbuild
        """,
    ),
    **_rows(
        Work.PYTHON,
        """
        pip: install wheel
        poetry: install build update add sync
        pipenv: install sync update
        pdm: install sync build update add
        uv: sync build pip tool
        rye: sync build
        hatch: build
        pipx: install inject
        conda mamba micromamba: create install update env
        pyproject-build
        easy_install
        """,
    ),
    **_rows(
        Work.OTHER,
        """
        composer: install update require create-project
        bundle bundler: install update
        gem: install build
        docker-php-ext-install install-php-extensions
        pecl pear: install
        phpize cpan cpanm
        cpm carton: install
        rebar3: compile release as tar escriptize ct eunit
        cabal: build install v2-build v2-install new-build new-install test
        stack: build install setup test ghc
        ghc
        luarocks: install make build
        swift: build test run
        deno: compile bundle
        crystal shards nimble: build install
        nim: c cpp compile
        dart: compile
        flutter: build
        opam: install switch init
        dune: build
        """,
    ),
}
