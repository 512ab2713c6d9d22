"""Presets are the weakest of all that a file says, and `config show` shows what they come to."""

import pytest

from polyarch.config.direct import DirectSettings, HealthCheck
from polyarch.config.load import load_text
from polyarch.config.show import as_toml, image_rows
from polyarch.errors import InvalidConfigError
from polyarch.oci.platform import Platform

HEAD = '[images.server]\nplatforms = ["linux/amd64", "linux/arm64"]\n[images.server.direct]\n'


def direct(text: str, platform: str = "linux/amd64") -> DirectSettings:
    image = load_text(HEAD + text).images["server"]
    found = image.for_platform(Platform.parse(platform)).direct
    assert found is not None
    return found


def test_go_is_a_command_a_file_and_an_image_without_rights():
    found = direct('preset = "go"\npackage = "./cmd/server"\n')
    assert found.run == (
        "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=",
        "-o", "{out}/server{exe}", "./cmd/server",
    )  # fmt: skip
    assert found.run_env["CGO_ENABLED"] == "0"
    assert found.run_env["GOARM"] == "{goarm}"
    assert [(file.source, file.target, file.mode) for file in found.files] == [
        ("{out}/server{exe}", "/server{exe}", 0o755)
    ]
    assert (found.base, found.entrypoint) == ("scratch", ("/server",))
    assert (found.user, found.certificates) == ("nonroot", True)


def test_flags_are_added_or_replaced():
    added = direct(
        'preset = "go"\n"ldflags+" = ["-X main.v={{version}}"]\n"flags+" = ["-tags=x"]\n'
    )
    assert added.run[2:7] == (
        "-trimpath", "-buildvcs=false", "-tags=x",
        "-ldflags", "-s -w -buildid= -X main.v={{version}}",
    )  # fmt: skip
    bare = direct('preset = "go"\nldflags = []\nflags = []\n')
    assert bare.run == ("go", "build", "-o", "{out}/server{exe}", ".")


def test_every_key_can_be_taken_over():
    found = direct(
        'preset = "go"\nbase = "debian:12"\nrun = ["make", "{out}"]\nentrypoint = ["/x"]\n'
        'run-env = { CGO_ENABLED = "1" }\nuser = "7"\n'
    )
    assert found.run == ("make", "{out}")
    assert found.run_env["CGO_ENABLED"] == "1"
    assert found.run_env["GOOS"] == "{goos}"
    assert (found.entrypoint, found.user, found.certificates) == (("/x",), "7", False)


def test_a_base_keeps_its_user_and_authorities():
    found = direct('preset = "static"\nbase = "debian:12"\nfiles = [{ from = "a", to = "/a" }]\n')
    assert (found.user, found.certificates, found.run) == ("", False, ())


def test_one_platform_may_have_another_preset_of_its_own():
    text = (
        'preset = "go"\n[images.server.platform."linux/arm64".direct]\n'
        'preset = "static"\nfiles = [{ from = "dist/server", to = "/server" }]\n'
    )
    assert direct(text).preset == "go"
    other = direct(text, "linux/arm64")
    assert (other.preset, other.run, other.files[0].source) == ("static", (), "dist/server")


def test_show_names_the_preset_as_the_source():
    project = load_text(HEAD + 'preset = "go"\n"files+" = [{ from = "web", to = "/web" }]\n')
    shown = as_toml(image_rows(project, "server"))
    (run,) = (line for line in shown.splitlines() if line.startswith("direct.run ="))
    assert run.endswith("# preset go")
    (files,) = (line for line in shown.splitlines() if line.startswith("direct.files ="))
    assert files.endswith("# preset go + polyarch.toml:5")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('preset = "rust"', "`rust` is not known"),
        ('preset = "static"', "needs `files`"),
        ('preset = "go"\nfiles = [{ from = "web", to = "/web" }]', "to lay files beside it"),
        ('preset = "go"\npackage = "./..."', "one package"),
        ('preset = "go"\npackage = "-exec=x"', "one package"),
        ('preset = "go"\n"ldflags+" = ["{ouut}"]', "unknown placeholder"),
        ('user = "a b"', "a user is written"),
        ('stop-signal = "TERM"', "a signal is written"),
        ('volumes = ["data"]', "begins with `/`"),
        ('volumes = ["/a/../b"]', "begins with `/`"),
        ("ca-certificates = 1", "or text"),
        ('ca-certificates = "/etc/x"', "exists on one machine only"),
        ("healthcheck = {}", "`cmd` is missing"),
        ('healthcheck = { cmd = ["x"], retries = 0 }', "at least 1"),
        ('files = [{ from = "a", to = "/a", layer = "A b" }]', "lower-case"),
    ],
)
def test_what_cannot_be_is_told(text, words):
    with pytest.raises(InvalidConfigError, match=words):
        direct(text)


def test_settings_of_the_image():
    found = direct(
        'files = [{ from = "a", to = "/a", layer = "deps" }]\nvolumes = ["/data"]\n'
        'stop-signal = "SIGRTMIN+3"\nca-certificates = "ca.pem"\n'
        'healthcheck = { cmd = ["/a"], interval = "2m", timeout = "5s", retries = 3 }\n'
    )
    assert found.files[0].layer == "deps"
    assert (found.volumes, found.stop_signal) == (("/data",), "SIGRTMIN+3")
    assert found.certificates == "ca.pem"
    assert found.healthcheck == HealthCheck(
        command=("/a",), interval_s=120, timeout_s=5, start_period_s=None, retries=3
    )
