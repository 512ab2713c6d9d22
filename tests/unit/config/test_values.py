"""Tables made into values."""

import pytest

from polyarch.config.load import load_text
from polyarch.config.placeholders import fill_words
from polyarch.config.project import SmokeTest
from polyarch.config.values import seconds
from tests.support.config_documents import MINIMAL


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("30m", 1800), ("12h", 43200), ("7d", 604800)]
)
def test_durations(text: str, expected: int):
    assert seconds(text) == expected


def test_smoke_tests_as_tables():
    text = (
        MINIMAL
        + """
[[images.app.smoke-test]]
run = ["/app", "--version"]
matches = "^1"
[[images.app.smoke-test]]
run = ["/app", "--fail"]
exit = 3
timeout = "2m"
"""
    )
    assert load_text(text).images["app"].smoke_test == (
        SmokeTest(run=("/app", "--version"), matches="^1"),
        SmokeTest(run=("/app", "--fail"), exit=3, timeout_s=120),
    )


def test_a_whole_recipe():
    text = (
        MINIMAL
        + """
engine = "direct"
[images.app.direct]
base = "gcr.io/distroless/static:nonroot"
files = [{ from = "bin/{goarch}/app", to = "/app", mode = "0755" },
         { from = "etc/*", to = "/etc/" }]
cmd = ["serve"]
working-dir = "/srv"
user = "1000:1000"
ports = [8080, "53/udp"]
"""
    )
    direct = load_text(text).images["app"].direct
    assert direct
    assert direct.base == "gcr.io/distroless/static:nonroot"
    assert [(one.target, one.mode) for one in direct.files] == [("/app", 0o755), ("/etc/", None)]
    assert (direct.cmd, direct.working_dir, direct.user) == (("serve",), "/srv", "1000:1000")
    assert direct.ports == ("8080", "53/udp")


def test_a_platform_with_another_engine_and_recipe():
    text = (
        MINIMAL.replace('"linux/amd64"', '"amd64", "arm64"')
        + """
[images.app.platform.arm64]
engine = "direct"
direct = { files = [{ from = "a", to = "/a" }] }
"""
    )
    amd64, arm64 = load_text(text).images["app"].per_platform.values()
    assert (amd64.engine, amd64.direct) == ("auto", None)
    assert arm64.engine == "direct"
    assert arm64.direct
    assert arm64.direct.base == "scratch"


def test_where_parts_are_staged():
    assert load_text(MINIMAL).publish.stage_repository("app") is None
    project = load_text(f'{MINIMAL}\n[publish]\nstage-to = "ghcr.io/team/parts-{{image}}"\n')
    assert str(project.publish.stage_repository("app")) == "ghcr.io/team/parts-app"
    assert project.warnings == ()


def test_gates_and_what_runs_after():
    text = (
        MINIMAL
        + """
gates = [["trivy", "image", "{ref}"], ["docker", "inspect", "--format", "{{.Os}}", "{digest}"]]
after-publish = [["deploy", "{image}", "{ref}"]]
[verify]
allow = ["/opt/firmware/**"]
"""
    )
    project = load_text(text)
    app = project.images["app"]
    assert app.gates == (
        ("trivy", "image", "{ref}"),
        ("docker", "inspect", "--format", "{{.Os}}", "{digest}"),
    )
    assert app.after_publish == (("deploy", "app", "{ref}"),)
    assert project.verify.allow == ("/opt/firmware/**",)
    assert project.warnings == ()


def test_values_are_put_in_once():
    words = ("a{ref}b", "{{ref}}", "{{.Id}}", '{"json": 1}', "{ref}{digest}")
    values = {"ref": "{digest}", "digest": "d"}
    assert fill_words(words, values) == (
        "a{digest}b",
        "{{ref}}",
        "{{.Id}}",
        '{"json": 1}',
        "{digest}d",
    )
