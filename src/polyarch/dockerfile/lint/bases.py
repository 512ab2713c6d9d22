"""What a base image brings: a language, a C compiler, a C library, a package manager, a server.

Told by the repository's name and the tag alone, so a mirror of an image counts as the image. The
names are those of Docker's official images and of the large vendors' registries.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.lint.view import FileView, StageView


class Language(StrEnum):
    """A language whose compiler or runtime an image is made for."""

    C = "C"
    DART = "Dart"
    DENO = "Deno"
    DOTNET = ".NET"
    ELIXIR = "Elixir"
    GO = "Go"
    HASKELL = "Haskell"
    JAVA = "Java"
    NODE = "Node.js"
    OTHER = "another language"
    PERL = "Perl"
    PHP = "PHP"
    PYTHON = "Python"
    RUBY = "Ruby"
    RUST = "Rust"
    SWIFT = "Swift"


class Libc(StrEnum):
    """The C library, empty where the name does not tell."""

    GLIBC = "glibc"
    MUSL = "musl"
    UNKNOWN = ""


class PackageManager(StrEnum):
    """What installs packages, empty where the name does not tell or there is none."""

    APK = "apk"
    APT = "apt"
    DNF = "dnf"
    PACMAN = "pacman"
    ZYPPER = "zypper"
    NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An image by its name. `repository` has no registry and no `library/`.

    `c_compiler` is None where the name does not tell. `serves_files`: it is there to hand out
    static files.
    """

    repository: str
    tag: str
    digest: str
    language: Language | None
    libc: Libc
    package_manager: PackageManager
    c_compiler: bool | None
    serves_files: bool

    @property
    def is_scratch(self) -> bool:
        """Whether nothing is in it."""
        return self.repository == "scratch"

    @property
    def name(self) -> str:
        """The last part of the repository's name."""
        return self.repository.rpartition("/")[2]

    @property
    def version(self) -> tuple[int, ...]:
        """The numbers that the tag begins with; empty where it begins with none."""
        found = re.match(r"v?(\d{1,6}(?:\.\d{1,6}){0,3})", self.tag)
        return tuple(int(number) for number in found[1].split(".")) if found else ()


_LANGUAGES: Mapping[Language, frozenset[str]] = {
    Language.C: frozenset({"gcc", "clang", "buildpack-deps"}),
    Language.DART: frozenset({"dart", "flutter"}),
    Language.DENO: frozenset({"deno"}),
    Language.DOTNET: frozenset({"sdk", "aspnet", "runtime", "dotnet", "dotnet-sdk", "mono"}),
    Language.ELIXIR: frozenset({"elixir", "erlang"}),
    Language.GO: frozenset(
        {"golang", "go", "go-toolset", "goreleaser", "goreleaser-cross", "tinygo", "xgo"}
    ),
    Language.HASKELL: frozenset({"haskell", "haskell-stack", "stack-build", "ghc"}),
    Language.JAVA: frozenset(
        {
            "maven", "gradle", "eclipse-temurin", "openjdk", "amazoncorretto", "corretto", "java",
            "ibm-semeru-runtimes", "sapmachine", "zulu-openjdk", "zulu-openjdk-alpine", "graalvm",
            "graalvm-ce", "graalvm-community", "native-image", "native-image-community", "jdk",
            "jre", "sbt", "clojure", "groovy", "tomcat", "jetty", "mandrel-builder-image",
        }
    ),
    Language.NODE: frozenset({"node", "nodejs", "bun", "playwright", "nodejs-minimal"}),
    Language.OTHER: frozenset({"crystal", "nim", "opam", "r-base", "r-ver", "julia", "lua"}),
    Language.PERL: frozenset({"perl"}),
    Language.PHP: frozenset({"php", "composer", "frankenphp", "php-fpm", "php-cli"}),
    Language.PYTHON: frozenset(
        {
            "python", "pypy", "uv", "poetry", "miniconda", "miniconda3", "anaconda", "anaconda3",
            "micromamba", "mambaforge", "miniforge3", "base-notebook", "minimal-notebook",
            "scipy-notebook",
        }
    ),
    Language.RUBY: frozenset({"ruby", "jruby", "rails"}),
    Language.RUST: frozenset(
        {"rust", "cargo-chef", "muslrust", "rust-musl-builder", "rust-musl-cross"}
    ),
    Language.SWIFT: frozenset({"swift"}),
}  # fmt: skip
_BY_NAME = {name: language for language, names in _LANGUAGES.items() for name in names}

_NUMBERED = re.compile(
    r"(nodejs|node|python|openjdk|java|php|ruby|dotnet|perl|go|golang)-?\d[\d.]*(?:-\w+)*"
)
"""`nodejs22-debian12`, `openjdk-17`, `python-311`: distroless and Red Hat write them so."""

_SERVERS = frozenset(
    {
        "nginx", "nginx-unprivileged", "caddy", "httpd", "lighttpd", "openresty", "angie",
        "static-web-server", "darkhttpd", "thttpd", "apache",
    }
)  # fmt: skip

_ONE_OS: Mapping[str, tuple[Libc, PackageManager]] = {
    "alpine": (Libc.MUSL, PackageManager.APK),
    "wolfi-base": (Libc.GLIBC, PackageManager.APK),
    "debian": (Libc.GLIBC, PackageManager.APT),
    "ubuntu": (Libc.GLIBC, PackageManager.APT),
    "buildpack-deps": (Libc.GLIBC, PackageManager.APT),
    "cargo-chef": (Libc.GLIBC, PackageManager.APT),
    "fedora": (Libc.GLIBC, PackageManager.DNF),
    "centos": (Libc.GLIBC, PackageManager.DNF),
    "rockylinux": (Libc.GLIBC, PackageManager.DNF),
    "almalinux": (Libc.GLIBC, PackageManager.DNF),
    "amazonlinux": (Libc.GLIBC, PackageManager.DNF),
    "oraclelinux": (Libc.GLIBC, PackageManager.DNF),
    "leap": (Libc.GLIBC, PackageManager.ZYPPER),
    "tumbleweed": (Libc.GLIBC, PackageManager.ZYPPER),
    "archlinux": (Libc.GLIBC, PackageManager.PACMAN),
    "composer": (Libc.MUSL, PackageManager.APK),
    "caddy": (Libc.MUSL, PackageManager.APK),
}
_DEBIANS = frozenset(
    {
        "slim", "stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "focal", "jammy",
        "noble", "debian", "ubuntu", "bionic", "xenial",
    }
)  # fmt: skip
_ON_DEBIAN = frozenset(
    {
        "golang", "rust", "node", "python", "ruby", "perl", "php", "gcc", "openjdk", "elixir",
        "erlang", "haskell", "julia", "pypy", "nginx", "httpd",
    }
)  # fmt: skip
"""Official images whose plain tags stand on Debian."""

_FULL = frozenset(
    {"golang", "rust", "node", "python", "ruby", "perl", "php", "gcc", "elixir", "erlang",
     "haskell", "pypy", "swift", "clang", "cargo-chef"}
)  # fmt: skip
"""Images whose plain tags, neither slim nor Alpine, hold a C compiler."""

_ALWAYS_C = frozenset({"rust", "cargo-chef", "gcc", "clang", "buildpack-deps", "swift"})
"""Those that hold one in each tag: rustc needs it to link."""

_ENTERPRISE = re.compile(r"(?:^|/)ubi\d*(?:-\w+)*(?:/|$)|(?:^|/)(?:mariner|azurelinux)(?:/|$)")
_WORD = re.compile(r"[a-z]+")


def base(text: str) -> Base:
    """What an image name tells. Never fails: what is no name brings nothing that is known."""
    name, _, digest = text.partition("@")
    head, slash, tail = name.rpartition("/")
    tail, _, tag = tail.partition(":")
    repository = _without_registry(f"{head}{slash}{tail}".lower())
    tag = tag.lower() or "latest"
    libc, manager = _system(repository, tag)
    return Base(
        repository=repository,
        tag=tag,
        digest=digest,
        language=_language(repository, tag),
        libc=libc,
        package_manager=manager,
        c_compiler=_c_compiler(repository, tag),
        serves_files=_last(repository) in _SERVERS and "builder" not in tag,
    )


def base_of(view: FileView, stage: StageView) -> Base:
    """What a stage stands on in the end, through the stages that it stands on.

    Where platforms choose among several, the first of them.
    """
    root = view.chain(stage)[-1]
    return base(root.bases[0] if root.bases else root.outline.base)


def _without_registry(path: str) -> str:
    first, slash, rest = path.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        path = rest
    return path.removeprefix("library/")


def _last(repository: str) -> str:
    return repository.rpartition("/")[2]


def _language(repository: str, tag: str) -> Language | None:
    name = _last(repository)
    if name == "caddy" and "builder" in tag:
        return Language.GO
    if name in {"sdk", "aspnet", "runtime"} and "dotnet" not in repository:
        return None
    if name in _BY_NAME:
        return _BY_NAME[name]
    if "openjdk" in name or "graalvm" in name:
        return Language.JAVA
    numbered = _NUMBERED.fullmatch(name)
    return _BY_NAME[numbered[1]] if numbered else None


def _system(repository: str, tag: str) -> tuple[Libc, PackageManager]:
    name, words = _last(repository), set(_WORD.findall(tag))
    if "alpine" in words or name.endswith("-alpine"):
        return Libc.MUSL, PackageManager.APK
    if words & _DEBIANS:
        return Libc.GLIBC, PackageManager.APT
    if name in _ONE_OS:
        return _ONE_OS[name]
    if _ENTERPRISE.search(repository):
        return Libc.GLIBC, PackageManager.DNF
    if name in _ON_DEBIAN:
        return Libc.GLIBC, PackageManager.APT
    return Libc.UNKNOWN, PackageManager.NONE


def _c_compiler(repository: str, tag: str) -> bool | None:
    name, words = _last(repository), set(_WORD.findall(tag))
    if name in _ALWAYS_C:
        return True
    if {"alpine", "slim"} & words or name in {"alpine", "debian", "ubuntu", "scratch"}:
        return False
    if name in _FULL:
        return True
    return False if name in _SERVERS or name in _ONE_OS else None
