"""What the Dockerfile room says against what a real BuildKit does with the same files."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from polyarch.dockerfile.context import context_files
from polyarch.dockerfile.expand import expand
from polyarch.dockerfile.graph import external_images
from polyarch.dockerfile.ignore import find_ignore
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.scope import automatic_arguments
from polyarch.dockerfile.stages import resolve
from polyarch.errors import DockerfileSyntaxError, ExpansionError, IgnoreFileError
from polyarch.oci.platform import Platform
from tests.lab.commands import CommandFailedError
from tests.lab.engine import DockerEngine
from tests.lab.registries import Registry

AMD64 = Platform.parse("linux/amd64")

FILES = (
    ".dockerignore", ".env", "Dockerfile", "README.md", "a", "a.md", "a.txt.bak", "ab/a", "ab/ab/b",
    "b/.hidden", "b/a.md", "b/README.md", "bar.foo", "dir/file", "dir/sub/file", "dir/sub/x.go",
    "docs/README.md", "docs/deep/README.md", "docs/deep/other", "src/a.go", "src/x/y/z.go",
    "src/x/y/z.log", "[odd]", "back\\slash", "sp ace", "\u00e9.md", "x/y/x/y/x",
)  # fmt: skip

IGNORES = {
    "nothing": "",
    "all": "*",
    "all but some": "*\n!src/**/*.go\n!/b/",
    "two stars": "**/*.md\n!**/README.md\ndocs/deep",
    "folder and exception": "docs\n!docs/deep/README.md\nsrc/x\n!src",
    "exception before its folder was ignored": "*/sub\n!dir\n*/x\n!src/x/y/z.go",
    "slashes": "/a\n./b//\ndir/../src/\n../docs\n/",
    "classes": "[ab]\n[^b]*.md\n\\[odd\\]\nback\\\\slash\n?\n",
    "suffix": "**foo\n**.md\n!**/a.md",
    "prefix": "dir/**\nd**\nsrc/**/x\n!dir/sub/x.go",
    "comments and blanks": "# a\n #b\n\n  sp ace  \r\n.env\r\n\ufeffa\n",
    "many stars": "**/**\n!*/*/*.go\n!x/**/y\n",
    "itself": ".dockerignore\nDockerfile\n",
    "repeated": "x/y\n!x/y/x\nx/y/x/y\n!x/y/x/y/x\n",
}

EXPRESSIONS = (
    "$A-${A}-$UNSET-${UNSET}", "${A:-d}${E:-d}${UNSET:-d}", "${A-d}${E-d}${UNSET-d}",
    "${A:+p}${E:+p}${UNSET:+p}", "${A+p}${E+p}${UNSET+p}", "${UNSET:-${E:-$A}}", "'$A'", "\\$A",
    "\"'$A'\"", "a\\ b", "${UNSET:-'x y'}", "$Ax", "${A}x", "$1", "he\\\\$A", '"\\a\\$A\\\\"',
    "${E?no}", "${A:?no}",
)  # fmt: skip

# A file without FROM is not among them: the BuildKit in Docker 26.1 panics over it, and the whole
# Docker daemon ends.
BROKEN = (
    "FROM scratch\nENV X=${A\n",
    "FROM scratch\nENV X=${A:=b}\n",
    "FROM scratch\nENV A\n",
    "FROM scratch\nENV A=1 B\n",
    "FROM scratch\nCOPY <<EOF /x\n",
    "FROM scratch\nCOPY --from=7 / /\n",
    "FROM scratch AS 1\n",
    "FROM scratch AS a b\n",
    "FROM $X\n",
    "FROM --platform= scratch\nFROM --platform=$X scratch\n",
    "WORKDIR /\nFROM scratch\n",
    "FROM scratch\nNONSENSE\n",
    "FROM scratch\nVOLUME [1]\n",
    "# escape=^\nFROM scratch\n",
    "# escape=`\n# escape=`\nFROM scratch\n",
    "FROM scratch\nARG X\nCOPY --from=$X / /\n",
)


def built(engine: DockerEngine, context: Path, out: Path, *options: str) -> Path:
    """Build with a target folder of plain files."""
    output = f"--output=type=local,dest={out}"
    engine.docker("buildx", "build", "--progress=plain", *options, output, context)
    return out


def listed(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


@pytest.mark.parametrize("name", IGNORES)
def test_the_same_files_are_ignored(docker_engine: DockerEngine, tmp_path: Path, name: str) -> None:
    context = tmp_path / "context"
    for file in FILES:
        (context / file).parent.mkdir(parents=True, exist_ok=True)
        (context / file).write_text("x")
    (context / "empty").mkdir()
    (context / "link").symlink_to("../outside")
    (context / ".dockerignore").write_bytes(IGNORES[name].encode())
    dockerfile = context / "Dockerfile"
    dockerfile.write_text("FROM scratch\nWORKDIR /seen\nCOPY . .\n")
    rules = find_ignore(context, dockerfile)
    expected = {one.path for one in context_files(context, rules)}
    seen = built(docker_engine, context, tmp_path / "out") / "seen"
    assert listed(seen) == expected


@pytest.mark.parametrize("pattern", ["!", "[", "a[", "a\\", "[]", "[^]", "[a-]", "[-a]"])
def test_the_same_patterns_are_refused(
    docker_engine: DockerEngine, tmp_path: Path, pattern: str
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / "Dockerfile.dockerignore").write_text(pattern)
    with pytest.raises(IgnoreFileError):
        find_ignore(tmp_path, tmp_path / "Dockerfile")
    # What is cancelled by the refusal may end first, and then its word is the last one.
    refusal = r"syntax error in pattern|exclusion pattern|context canceled"
    with pytest.raises(CommandFailedError, match=refusal):
        built(docker_engine, tmp_path, tmp_path / "out")


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6"])
def test_automatic_arguments_have_the_same_values(
    docker_engine: DockerEngine, tmp_path: Path, platform: str
) -> None:
    said = automatic_arguments(Platform.parse(platform), AMD64, "default")
    # TARGETSTAGE and the versions are younger than the oldest engine in use.
    names = [name for name in said if name != "TARGETSTAGE" and not name.endswith("OSVERSION")]
    lines = "".join(f"{name}=${{{name}}}\n" for name in names)
    arguments = " ".join(names)
    (tmp_path / "Dockerfile").write_text(
        f"FROM scratch\nARG {arguments}\nCOPY <<EOF /values\n{lines}EOF\n"
    )
    out = built(docker_engine, tmp_path, tmp_path / "out", f"--platform={platform}")
    assert (out / "values").read_text() == "".join(f"{name}={said[name]}\n" for name in names)


def test_expressions_have_the_same_values(docker_engine: DockerEngine, tmp_path: Path) -> None:
    values: Mapping[str, str] = {"A": "value", "E": ""}
    names = [f"X{number}" for number in range(len(EXPRESSIONS))]
    env = "".join(f"ENV {name}={text}\n" for name, text in zip(names, EXPRESSIONS, strict=True))
    body = "".join(f"<${{{name}}}>\n" for name in names)
    (tmp_path / "Dockerfile").write_text(
        f"FROM scratch\nENV A=value E=\n{env}COPY <<EOF /values\n{body}EOF\n"
    )
    out = built(docker_engine, tmp_path, tmp_path / "out")
    expected = "".join(f"<{expand(text, values.get).text}>\n" for text in EXPRESSIONS)
    assert (out / "values").read_text() == expected


@pytest.mark.parametrize("text", BROKEN)
def test_the_same_files_are_refused(docker_engine: DockerEngine, tmp_path: Path, text: str) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    with pytest.raises((DockerfileSyntaxError, ExpansionError)):
        check(text)
    with pytest.raises(CommandFailedError, match=r"failed to (solve|run Build function)"):
        built(docker_engine, tmp_path, tmp_path / "out")


def check(text: str) -> None:
    resolve(parse(text), platform=AMD64, build_platform=AMD64)


SHAPES = {
    "onbuild": ("FROM scratch AS one\nONBUILD COPY a /copied\nFROM one\n", {"copied"}),
    "onbuild does not pass on": (
        "FROM scratch AS one\nONBUILD COPY a /once\nFROM one AS two\nFROM two\nCOPY b /b\n",
        {"once", "b"},
    ),
    "last of a name": (
        (
            "FROM scratch AS x\nCOPY a /first\nFROM scratch AS x\nCOPY a /second\n"
            "FROM scratch\nCOPY --from=X / /\n"
        ),
        {"second"},
    ),
    "a stage called scratch": (
        "FROM scratch AS scratch\nCOPY a /mine\nFROM scratch\n",
        {"mine"},
    ),
    "arguments": (
        (
            "ARG X=x Y=$X-y\nFROM scratch AS s-x-y\nCOPY a /right\nFROM scratch AS s\n"
            "COPY a /wrong\nFROM s-$Y\n"
        ),
        {"right"},
    ),
    "a word with << inside": ("FROM scratch\nCOPY a /x<<b\n", {"x<<b"}),
}


@pytest.mark.parametrize(("text", "files"), SHAPES.values(), ids=SHAPES)
def test_stages_are_joined_the_same_way(
    docker_engine: DockerEngine, tmp_path: Path, text: str, files: set[str]
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    for file in ("a", "b"):
        (context / file).write_text(file)
    (context / "Dockerfile").write_text(text)
    check(text)
    assert listed(built(docker_engine, context, tmp_path / "out")) == files


PLATFORMS = """\
FROM --platform=linux/arm/v7 {base} AS one
FROM --platform=$BUILDPLATFORM one AS two
RUN uname -m > /said
FROM --platform=$BUILDPLATFORM {base} AS three
COPY --from={base} /bin/busybox /taken
RUN uname -m > /said
FROM scratch
COPY --from=two /said /two
COPY --from=three /said /three
COPY --from=three /taken /taken
"""
ELF_MACHINE = slice(18, 20)
AARCH64 = b"\xb7\x00"


def test_stages_and_images_have_the_same_platforms(
    docker_engine: DockerEngine, base_registry: Registry, tmp_path: Path
) -> None:
    text = PLATFORMS.format(base=base_registry.reference("busybox:1"))
    (tmp_path / "Dockerfile").write_text(text)
    arm64 = Platform.parse("linux/arm64")
    graph = resolve(parse(text), platform=arm64, build_platform=AMD64)
    said = {stage.name: str(stage.platform) for stage in graph.stages}
    assert (said["two"], said["three"]) == ("linux/arm/v7", "linux/amd64")
    taken = [one for one in external_images(graph) if one.instruction == "COPY"]
    assert [str(one.platform) for one in taken] == ["linux/arm64"]
    out = built(docker_engine, tmp_path, tmp_path / "out", "--platform=linux/arm64")
    assert (out / "two").read_text() == "armv7l\n"
    assert (out / "three").read_text() == "x86_64\n"
    assert (out / "taken").read_bytes()[ELF_MACHINE] == AARCH64
