import json
import os
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.base import BuildRequest, Built, CopiedFile, DirectRecipe
from polyarch.engines.direct import DirectEngine
from polyarch.errors import (
    BuildFailedError,
    EngineMisfitError,
    LaidFileError,
    PlaceholderValueError,
    UnknownPlaceholderError,
)
from polyarch.events import BuildLog, BuildStep, Event, ignore
from polyarch.oci.config import ImageConfig
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform

COMPILER = """\
import pathlib, sys
out, platform = map(str, sys.argv[1:])
print("compiling for", platform)
file = pathlib.Path(out, "hello")
file.write_text("program for " + platform)
file.chmod(0o755)
"""
HELLO = (CopiedFile(source="{out}/hello", target="/hello"),)
COMPILE = (sys.executable, "compile.py", "{out}", "{platform}")
CREATED = 1_700_000_000


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "compile.py").write_text(COMPILER)
    return folder


@pytest.fixture
def layout(tmp_path):
    return LayoutStore(tmp_path / "state" / "layout")


def engine(**environment: str) -> DirectEngine:
    return DirectEngine({"PATH": os.environ["PATH"], **environment})


def request_for(
    project: Path, recipe: DirectRecipe | None, platform: str = "linux/arm64", **more: Any
) -> BuildRequest:
    return BuildRequest(
        image="hello",
        platform=Platform.parse(platform),
        project=project,
        context=project,
        dockerfile=None,
        created=CREATED,
        direct=recipe,
        **more,
    )


def recipe(**changes: Any) -> DirectRecipe:
    return DirectRecipe(**{"command": COMPILE, "files": HELLO, "entrypoint": ("/hello",)} | changes)


def manifest_of(built: Built, layout: LayoutStore) -> ImageManifest:
    return ImageManifest.parse(read_small(layout, built.manifest), built.manifest.media_type)


def config_of(built: Built, layout: LayoutStore) -> ImageConfig:
    return ImageConfig.parse(read_small(layout, manifest_of(built, layout).config))


def content_of(built: Built, layout: LayoutStore) -> dict[str, bytes]:
    (layer,) = manifest_of(built, layout).layers
    with layout.open(layer) as packed, tarfile.open(fileobj=packed) as tar:
        return {
            member.name: file.read()
            for member in tar
            if (file := tar.extractfile(member)) is not None
        }


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script.replace("{", "{{").replace("}", "}}").replace("OUT", "{out}"))


def test_a_command_becomes_an_image_of_its_platform(project, layout):
    request = request_for(project, recipe(), "linux/arm/v6", labels={"b": "2", "a": "1"})
    built = engine().build(request, layout, ignore)
    config = config_of(built, layout)
    assert content_of(built, layout) == {"hello": b"program for linux/arm/v6"}
    assert built.manifest.platform == config.platform == Platform.parse("linux/arm/v6")
    assert config.entrypoint == ("/hello",)
    assert config.created == "2023-11-14T22:13:20Z"
    assert list(config.labels.items()) == [("a", "1"), ("b", "2")]
    assert (built.borrowed, built.attestations) == ((), ())
    with layout.open(manifest_of(built, layout).layers[0]) as packed:
        assert len(config.diff_ids) == 1
        with tarfile.open(fileobj=packed) as tar:
            assert [(m.mode, m.mtime) for m in tar] == [(0o755, CREATED)]


def test_the_same_build_elsewhere_gives_the_same_digest(project, tmp_path):
    digests = {
        engine()
        .build(request_for(project, recipe()), LayoutStore(tmp_path / place / "layout"), ignore)
        .manifest.digest
        for place in ("one", "a/longer/place")
    }
    assert len(digests) == 1


def test_nothing_is_left_beside_the_layout(project, layout):
    engine().build(request_for(project, recipe()), layout, ignore)
    assert list(layout.root.parent.iterdir()) == [layout.root]
    assert list(project.iterdir()) == [project / "compile.py"]


def test_many_platforms_at_once(project, layout):
    platforms = [f"linux/{name}" for name in ("amd64", "arm64", "arm/v7", "arm/v6", "386", "s390x")]
    one = engine()

    def build(platform):
        return one.build(request_for(project, recipe(), platform), layout, ignore)

    with ThreadPoolExecutor(6) as pool:
        built = list(pool.map(build, platforms * 3))
    for platform, image in zip(platforms * 3, built, strict=True):
        assert content_of(image, layout) == {"hello": f"program for {platform}".encode()}
    assert len({image.manifest.digest for image in built}) == len(platforms)


def test_output_goes_to_the_log_and_the_listener(project, layout, tmp_path):
    events: list[Event] = []
    log = tmp_path / "logs" / "build.log"
    engine().build(request_for(project, recipe(), log=log), layout, events.append)
    assert "compiling for linux/arm64" in [e.line for e in events if isinstance(e, BuildLog)]
    steps = [e for e in events if isinstance(e, BuildStep)]
    assert [(step.done, step.total) for step in steps] == [(0, 2), (1, 2)]
    first, *rest = log.read_text().splitlines()
    assert first.startswith("$ ")
    assert rest == ["compiling for linux/arm64"]


def test_the_command_gets_placeholders_environment_and_the_commit_time(project, layout):
    script = 'echo "$GOARCH $GOARM $SOURCE_DATE_EPOCH $KEPT $(pwd)" > OUT/hello'
    environment = {"GOARCH": "{goarch}", "GOARM": "{goarm}"}
    built = engine(KEPT="kept").build(
        request_for(
            project, recipe(command=shell(script), environment=environment), "linux/arm/v7"
        ),
        layout,
        ignore,
    )
    words = content_of(built, layout)["hello"].decode().split()
    assert words == ["arm", "7", str(CREATED), "kept", str(project)]


def test_no_shell_reads_the_words(project, layout):
    (project / "args.py").write_text(
        "import json, sys; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"
    )
    words = ("$(touch x); echo", "* ?", "", "{{literal}}")
    command = (sys.executable, "args.py", "{out}/hello", *words)
    built = engine().build(request_for(project, recipe(command=command)), layout, ignore)
    got = json.loads(content_of(built, layout)["hello"])
    assert got == ["$(touch x); echo", "* ?", "", "{literal}"]


def test_targets_take_the_names_of_the_platform_and_no_folder_of_this_machine(project, layout):
    named = (CopiedFile(source="{out}/hello", target="/usr/lib/{multiarch}/{image}"),)
    built = engine().build(request_for(project, recipe(files=named)), layout, ignore)
    assert "usr/lib/aarch64-linux-gnu/hello" in content_of(built, layout)
    wrong = (CopiedFile(source="{out}/hello", target="{out}/hello"),)
    with pytest.raises(UnknownPlaceholderError) as caught:
        engine().build(request_for(project, recipe(files=wrong)), layout, ignore)
    assert caught.value.where == "images.hello.direct.files[0].to"


def test_files_without_a_command(project, layout):
    prebuilt = (CopiedFile(source="dist/{slug}/hello", target="/hello", mode=0o755),)
    (project / "dist/linux-arm-v7").mkdir(parents=True)
    (project / "dist/linux-arm-v7/hello").write_text("ready")
    built = engine().build(
        request_for(project, recipe(command=(), files=prebuilt), "linux/arm/v7"), layout, ignore
    )
    assert content_of(built, layout) == {"hello": b"ready"}


def test_a_failing_command_tells_its_last_lines_and_the_log(project, layout, tmp_path):
    command = shell("for i in $(seq 50); do echo line $i; done; exit 3")
    log = tmp_path / "build.log"
    with pytest.raises(BuildFailedError) as caught:
        engine().build(request_for(project, recipe(command=command), log=log), layout, ignore)
    text = str(caught.value)
    assert "line 50" in text
    assert "line 9\n" not in text
    assert "ended with status 3" in text
    assert str(log) in str(caught.value.hint)
    assert not layout.root.exists()


@pytest.mark.parametrize("word", ["no-such-compiler", "./absent.sh", "/nowhere/cc"])
def test_an_absent_command_is_a_failed_build(project, layout, word):
    with pytest.raises(BuildFailedError, match=word.removeprefix("./")):
        engine().build(request_for(project, recipe(command=(word,))), layout, ignore)


def test_a_relative_command_is_the_projects_own(project, layout, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (project / "make.sh").write_text("#!/bin/sh\necho own > $1/hello\n")
    (project / "make.sh").chmod(0o755)
    built = engine().build(
        request_for(project, recipe(command=("./make.sh", "{out}"))), layout, ignore
    )
    assert content_of(built, layout) == {"hello": b"own\n"}


def test_python_is_the_one_on_the_path(project, layout, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text('#!/bin/sh\necho "from PATH" > "$2/hello"\n')
    (tmp_path / "bin/python").chmod(0o755)
    command = ("python", "compile.py", "{out}", "{platform}")
    with_python = DirectEngine({"PATH": f"{tmp_path / 'bin'}:/bin:/usr/bin"})
    built = with_python.build(request_for(project, recipe(command=command)), layout, ignore)
    assert content_of(built, layout) == {"hello": b"from PATH\n"}


def test_without_one_python_is_the_interpreter_that_runs_polyarch(project, layout, tmp_path):
    command = ("python", "compile.py", "{out}", "{platform}")
    without = DirectEngine({"PATH": str(tmp_path / "empty")})
    built = without.build(request_for(project, recipe(command=command)), layout, ignore)
    assert content_of(built, layout) == {"hello": b"program for linux/arm64"}


def test_a_file_that_the_command_did_not_make_names_the_key(project, layout):
    missing = (*HELLO, CopiedFile(source="{out}/other", target="/other"))
    with pytest.raises(LaidFileError, match="no such file") as caught:
        engine().build(request_for(project, recipe(files=missing)), layout, ignore)
    assert caught.value.where == "images.hello.direct.files[1], platform `linux/arm64`"


def test_a_wrong_placeholder_is_told_before_anything_runs(project, layout):
    wrong = (CopiedFile(source="{ouut}/hello", target="/hello"),)
    command = (sys.executable, "-c", "open('ran', 'w')")
    with pytest.raises(UnknownPlaceholderError) as caught:
        engine().build(request_for(project, recipe(command=command, files=wrong)), layout, ignore)
    assert "`{out}`" in str(caught.value.hint)
    assert not (project / "ran").exists()


def test_a_toolchain_that_lacks_the_platform_is_told(project, layout):
    command = ("zig", "cc", "-target", "{zig}")
    with pytest.raises(PlaceholderValueError, match="linux/mips") as caught:
        engine().build(request_for(project, recipe(command=command), "linux/mips"), layout, ignore)
    assert caught.value.where == "images.hello.direct.run[3]"


@pytest.mark.parametrize("nothing", [None, DirectRecipe(command=COMPILE)])
def test_a_recipe_that_lays_nothing_is_refused(project, layout, nothing):
    with pytest.raises(EngineMisfitError, match="hello"):
        engine().build(request_for(project, nothing), layout, ignore)


def test_scratch_with_empty_folders_alone_is_refused(project, layout):
    (project / "empty").mkdir()
    empty = recipe(command=(), files=(CopiedFile(source="empty", target="/"),))
    with pytest.raises(LaidFileError):
        engine().build(request_for(project, empty), layout, ignore)


def test_the_probe_is_always_usable():
    assert DirectEngine({}).probe().usable
    assert DirectEngine({}).probe().name == DirectEngine.name == "direct"
