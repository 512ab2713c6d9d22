"""What projects call their downloads for each platform.

A name that is missing in a row is not published. `is_checked` rows were read in the project's own
build scripts, release tooling or README; the others are well known and to be asked for before a fix
takes them. A `$` stands in an address for what a variable or a command brings.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.dockerfile.lint.arches import KNOWN
from polyarch.oci.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A project's downloads: `names` for each platform, as they stand in the file's address.

    `since` is the first version that has all of them; empty where that does not matter. `aliases`
    are names of files that are published as well.
    """

    project: str
    names: Mapping[Platform, str]
    is_checked: bool
    since: tuple[int, ...] = ()
    aliases: frozenset[str] = frozenset()

    @property
    def is_dockers(self) -> bool:
        """Whether each name is what TARGETARCH says."""
        return all(name == one.architecture for one, name in self.names.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An asset in an address. `start` and `end` are the place of the platform's name in the text.

    `version` is as written; empty where the pattern has none.
    """

    asset: Asset
    name: str
    version: str
    start: int
    end: int


def asset_in(address: str) -> Found | None:
    """The asset that an address names; its name may be a variable or a command (`$(uname -m)`)."""
    if len(address) > _LONGEST:
        return None
    for marker, pattern, assets in _PATTERNS:
        if marker not in address:
            continue
        match = pattern.search(address)
        if match is None:
            continue
        name = match["name"]
        groups = match.groupdict()
        return Found(
            asset=next((one for one in assets if name in one.names.values()), assets[0]),
            name=name,
            version=groups.get("version") or "",
            start=match.start("name"),
            end=match.end("name"),
        )
    return None


def _row(
    project: str, names: str, *, checked: bool, since: tuple[int, ...] = (), also: str = ""
) -> Asset:
    """Names in the order of `KNOWN`, parted by blanks; `-` where there is none."""
    pairs = zip(KNOWN, names.split(), strict=True)
    return Asset(
        project=project,
        names={platform: name for platform, name in pairs if name != "-"},
        is_checked=checked,
        since=since,
        aliases=frozenset(also.split()),
    )


_LONGEST = 2048
"""Characters of an address that are looked at: servers take no more, and patterns stay cheap."""

_GNU = (
    "x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf {v6} "
    "i686-unknown-linux-gnu powerpc64le-unknown-linux-gnu s390x-unknown-linux-gnu "
    "riscv64gc-unknown-linux-gnu"
)
_UV_MUSL = (
    "x86_64-unknown-linux-musl aarch64-unknown-linux-musl armv7-unknown-linux-musleabihf "
    "arm-unknown-linux-musleabihf i686-unknown-linux-musl - - -"
)
_HASHICORP = "amd64 arm64 arm arm 386 - - -"

_GITHUB = "github.com/"
_RELEASE = r"/releases/(?:download/(?P<tag>[^/]+)|latest/download)/"


def _github(repository: str, file: str, *assets: Asset) -> tuple[str, str, tuple[Asset, ...]]:
    """A row whose address is that of a release of a repository on GitHub."""
    return _GITHUB + repository, _GITHUB + re.escape(repository) + _RELEASE + file, assets


_NAME = r"(?P<name>(?:\$\([^()]{0,80}\)|\$(?!\()|[^/\s\"'?$]){1,80}?)"
_PART = r"[^/]{1,120}?"
_END = r"(?=[\"'\s?#;)]|$)"

_TABLE: tuple[tuple[str, str, tuple[Asset, ...]], ...] = (
    _github(
        "just-containers/s6-overlay",
        rf"s6-overlay-(?!noarch|symlinks|src|installer){_NAME}\.tar\.xz",
        _row("s6-overlay", "x86_64 aarch64 arm armhf i686 powerpc64le s390x riscv64", checked=True),
    ),
    _github(
        "just-containers/s6-overlay",
        rf"s6-overlay-{_NAME}(?:-installer{_END}|\.tar\.gz)",
        _row("s6-overlay 2", "amd64 aarch64 arm armhf x86 ppc64le - -", checked=False),
    ),
    _github(
        "krallin/tini",
        rf"tini(?:-static)?-(?!static){_NAME}(?=\.|{_END})",
        _row("tini", "amd64 arm64 armhf armel i386 ppc64le s390x -", checked=True, also="ppc64el"),
    ),
    _github(
        "tianon/gosu",
        rf"gosu-{_NAME}(?=\.asc|{_END})",
        _row(
            "gosu", "amd64 arm64 armhf armhf i386 ppc64el s390x riscv64", checked=True, also="armel"
        ),
    ),
    _github(
        "Yelp/dumb-init",
        rf"dumb-init_[^/_]{{1,80}}_{_NAME}{_END}",
        _row("dumb-init", "x86_64 aarch64 - - - ppc64le s390x -", checked=True),
    ),
    _github(
        "caddyserver/caddy",
        rf"caddy_[^/_]{{1,80}}_linux_{_NAME}\.(?:tar|deb)",
        _row("caddy", "amd64 arm64 armv7 armv6 - ppc64le s390x riscv64", checked=True),
    ),
    (
        "releases.hashicorp.com/consul/",
        rf"releases\.hashicorp\.com/consul/[^/]+/consul_{_PART}_linux_{_NAME}\.zip",
        (_row("consul", _HASHICORP, checked=True),),
    ),
    (
        "releases.hashicorp.com/",
        rf"releases\.hashicorp\.com/[^/]+/[^/]{{1,80}}/{_PART}_linux_{_NAME}\.zip",
        (_row("HashiCorp", _HASHICORP, checked=False),),
    ),
    (
        "static.rust-lang.org/rustup/",
        rf"static\.rust-lang\.org/rustup/(?:archive/[^/]+|dist)/{_NAME}/rustup-init",
        (
            _row("rustup", _GNU.format(v6="arm-unknown-linux-gnueabihf"), checked=True),
            _row(
                "rustup",
                "x86_64-unknown-linux-musl aarch64-unknown-linux-musl - - - - - -",
                checked=True,
            ),
        ),
    ),
    (
        "nodejs.org/",
        rf"nodejs\.org/(?:dist|download/release)/[^/]+/node-{_PART}-linux-{_NAME}\.tar",
        (_row("Node.js", "x64 arm64 armv7l - - ppc64le s390x -", checked=True),),
    ),
    _github(
        "docker/buildx",
        rf"buildx-{_PART}\.linux-{_NAME}{_END}",
        _row("buildx", "amd64 arm64 arm-v7 arm-v6 - ppc64le s390x riscv64", checked=True),
    ),
    (
        "rclone",
        rf"rclone(?:\.org|/rclone)/[^\s\"']{{0,200}}?rclone-{_PART}-linux-{_NAME}\.(?:zip|deb|rpm)",
        (_row("rclone", "amd64 arm64 arm-v7 arm-v6 386 - - -", checked=True),),
    ),
    _github(
        "restic/restic",
        rf"restic_[^/_]{{1,80}}_linux_{_NAME}\.bz2",
        _row("restic", "amd64 arm64 arm arm 386 ppc64le s390x riscv64", checked=True),
    ),
    _github(
        "mikefarah/yq",
        rf"yq_linux_{_NAME}(?=\.tar|{_END})",
        _row("yq", "amd64 arm64 arm arm 386 ppc64le s390x riscv64", checked=True),
    ),
    _github(
        "sigstore/cosign",
        rf"cosign-linux-{_NAME}{_END}",
        _row("cosign", "amd64 arm64 arm - - ppc64le s390x riscv64", checked=True),
    ),
    _github(
        "astral-sh/uv",
        rf"uv-{_NAME}\.tar\.gz",
        _row("uv", _GNU.format(v6="-"), checked=True),
        _row("uv", _UV_MUSL, checked=True),
    ),
    (
        "download.docker.com/linux/static/",
        rf"download\.docker\.com/linux/static/[^/]+/{_NAME}/docker",
        (_row("Docker", "x86_64 aarch64 armhf armel - ppc64le s390x -", checked=False),),
    ),
    _github(
        "docker/compose",
        rf"docker-compose-[Ll]inux-{_NAME}{_END}",
        _row("Docker Compose", "x86_64 aarch64 armv7 armv6 - ppc64le s390x riscv64", checked=False),
    ),
    (
        "github.com/adoptium/temurin",
        (
            r"github\.com/adoptium/temurin[^/]{1,80}/releases/download/[^/]+/OpenJDK[^/_]{1,80}?-(?:jdk|jre)_"
            rf"{_NAME}_linux_"
        ),
        (_row("Temurin", "x64 aarch64 arm - - ppc64le s390x riscv64", checked=False),),
    ),
    _github(
        "protocolbuffers/protobuf",
        rf"protoc-{_PART}-linux-{_NAME}\.zip",
        _row("protoc", "x86_64 aarch_64 - - x86_32 ppcle_64 s390_64 -", checked=False),
    ),
    _github(
        "FiloSottile/mkcert",
        rf"mkcert-{_PART}-linux-{_NAME}{_END}",
        _row("mkcert", "amd64 arm64 arm arm - - - -", checked=False),
    ),
    (
        "dl.filippo.io/mkcert/",
        rf"dl\.filippo\.io/mkcert/[^/]+\?for=linux/{_NAME}{_END}",
        (_row("mkcert", "amd64 arm64 arm arm - - - -", checked=False),),
    ),
    _github(
        "grpc-ecosystem/grpc-health-probe",
        rf"grpc_health_probe-linux-{_NAME}{_END}",
        _row("grpc-health-probe", "amd64 arm64 arm arm 386 ppc64le s390x -", checked=False),
    ),
    (
        "/bin/linux/",
        (
            r"(?:dl\.k8s\.io|storage\.googleapis\.com/kubernetes-release)/[^\"']{1,200}?/bin/linux/"
            rf"{_NAME}/kube"
        ),
        (_row("kubectl", "amd64 arm64 arm arm 386 ppc64le s390x -", checked=False),),
    ),
    (
        "get.helm.sh/helm-",
        rf"get\.helm\.sh/helm-{_PART}-linux-{_NAME}\.tar",
        (_row("helm", "amd64 arm64 arm arm 386 ppc64le s390x riscv64", checked=False),),
    ),
    (
        "/miniconda/",
        rf"repo\.(?:anaconda\.com|continuum\.io)/miniconda/Miniconda\d-{_PART}-Linux-{_NAME}\.sh",
        (_row("Miniconda", "x86_64 aarch64 - - - - s390x -", checked=False),),
    ),
    _github(
        "conda-forge/miniforge",
        rf"(?:Miniforge\d|Mambaforge)-(?:[^/]{{1,80}}-)?Linux-{_NAME}\.sh",
        _row("Miniforge", "x86_64 aarch64 - - - ppc64le - -", checked=False),
    ),
    (
        "/api/micromamba/",
        rf"(?:micro\.mamba\.pm|micromamba\.snakepit\.net)/api/micromamba/{_NAME}/",
        (_row("micromamba", "linux-64 linux-aarch64 - - - linux-ppc64le - -", checked=False),),
    ),
    _github(
        "pi-hole/FTL",
        rf"pihole-FTL-{_NAME}{_END}",
        _row("pihole-FTL", "amd64 arm64 armv7 armv6 386 - - riscv64", checked=True),
    ),
    (
        "/go",
        (
            r"(?:(?:go\.dev|golang\.org)/dl|dl\.google\.com/go|storage\.googleapis\.com/golang)/"
            rf"go(?P<version>[^/]{{1,80}}?)\.linux-{_NAME}\.tar"
        ),
        (
            _row(
                "Go",
                "amd64 arm64 armv6l armv6l 386 ppc64le s390x riscv64",
                checked=False,
                since=(1, 21),
            ),
        ),
    ),
    (
        "awscli.amazonaws.com/",
        rf"awscli\.amazonaws\.com/awscli-exe-linux-{_NAME}(?:-[\d.]+|-\$[^/]+)?\.zip",
        (_row("AWS CLI", "x86_64 aarch64 - - - - - -", checked=False),),
    ),
)

_PATTERNS = tuple((marker, re.compile(pattern), assets) for marker, pattern, assets in _TABLE)
