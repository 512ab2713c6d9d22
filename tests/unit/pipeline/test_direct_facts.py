"""What enters the key of an image of the direct engine beside its table."""

import os
from pathlib import Path
from typing import Any

import pytest

from polyarch.config.direct import DirectFile, DirectSettings
from polyarch.oci.platform import Platform
from polyarch.pipeline.direct_facts import DirectReader

ARM = Platform.parse("linux/arm64")


def inputs(root: Path, settings: DirectSettings, **environment: str) -> str:
    return DirectReader(root, {"PATH": os.defpath, **environment}).inputs("a", settings, ARM)


def settings_of(*sources: str, **more: Any) -> DirectSettings:
    files = tuple(DirectFile(source=each, target="/x/", mode=None) for each in sources)
    given: dict[str, Any] = {"base": "scratch", "run_env": {}, "env": {}, "files": files, **more}
    return DirectSettings(**given)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "dist/arm64").mkdir(parents=True)
    (tmp_path / "dist/arm64/server").write_text("one")
    (tmp_path / ".dockerignore").write_text("dist\n")
    return tmp_path


def test_a_file_that_is_laid_counts_whatever_dockerignore_says(project):
    before = inputs(project, settings_of("dist/{goarch}/server"))
    (project / "dist/arm64/server").write_text("two")
    assert inputs(project, settings_of("dist/{goarch}/server")) != before


def test_the_right_to_run_counts_and_other_files_do_not(project):
    before = inputs(project, settings_of("dist/{goarch}/server"))
    (project / "README").write_text("more")
    assert inputs(project, settings_of("dist/{goarch}/server")) == before
    (project / "dist/arm64/server").chmod(0o755)
    assert inputs(project, settings_of("dist/{goarch}/server")) != before


def test_what_a_command_makes_and_what_is_not_there_are_no_errors(project):
    assert inputs(project, settings_of("{out}/server")) == inputs(project, settings_of())
    assert inputs(project, settings_of("missing")) != inputs(project, settings_of())


def test_a_file_of_certificates_counts(project):
    (project / "ca.pem").write_text("one")
    before = inputs(project, settings_of(certificates="ca.pem"))
    (project / "ca.pem").write_text("two")
    assert inputs(project, settings_of(certificates="ca.pem")) != before


def test_go_counts_by_its_version(project, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    go = settings_of(preset="go")
    seen = {inputs(project, go)}
    for version in ("go1.21", "go1.22"):
        (tools / "go").write_text(f"#!/bin/sh\necho {version}\n")
        (tools / "go").chmod(0o755)
        seen.add(inputs(project, go, PATH=f"{tools}:{os.defpath}"))
    assert len(seen) == 3


def test_what_go_obeys_counts(project, tmp_path):
    go = tmp_path / "go"
    go.write_text('#!/bin/sh\nshift\nfor name; do eval "echo \\$$name"; done\n')
    go.chmod(0o755)
    path = f"{tmp_path}:{os.defpath}"
    seen = {
        inputs(project, settings_of(preset="go"), PATH=path, **{name: "x"})
        for name in ("OTHER", "GOFLAGS", "GOEXPERIMENT", "GOVERSION")
    }
    assert len(seen) == 4
    assert inputs(project, settings_of(), GOFLAGS="x") == inputs(project, settings_of())
