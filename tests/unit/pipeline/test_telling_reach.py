"""Whom jobs touch by their names, and what is known of tags without a record."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from polyarch.config.load import load_text
from polyarch.notify.notice import Kind
from polyarch.pipeline.telling_needs import Needs, told_by
from polyarch.pipeline.telling_reach import NOT_KNOWN, reaching, tags_now
from tests.support.notices import NOTICE

PROJECT = load_text("""\
[images.app]
platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"]
repositories = ["ghcr.io/team/app"]
[images.tool]
platforms = ["linux/arm64", "linux/s390x"]
repositories = ["quay.io/team/tool", "team/tool"]
[images.base]
platforms = ["linux/riscv64"]
""")
ALL = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x")


@pytest.mark.parametrize(
    ("jobs", "platforms", "images"),
    [
        ((), ALL, "app tool"),
        (("publish",), ALL, "app tool"),
        (("build-linux-amd64",), ("linux/amd64",), "app"),
        (("build-arm-v7",), ("linux/arm/v7",), "app"),
        (("build-linux-arm64",), ("linux/arm64",), "app tool"),
        (("build-linux-s390x", "build-linux-amd64"), ("linux/amd64", "linux/s390x"), "app tool"),
        (("build-linux-amd64", "publish"), ALL, "app tool"),
        (("build-linux-arm",), ALL, "app tool"),
        (("build",), ALL, "app tool"),
    ],
)
def test_whom_jobs_touch(jobs: tuple[str, ...], platforms: tuple[str, ...], images: str) -> None:
    found = reaching(NOTICE, PROJECT, jobs)
    assert found.platforms == platforms
    assert found.images == tuple(images.split())
    every = (("app", "ghcr.io"), ("tool", "quay.io"), ("tool", "docker.io"))
    assert found.registries == tuple(host for name, host in every if name in images)


UNMOVED = "no tag was moved by this run: users see what they saw before"


@pytest.mark.parametrize(
    ("jobs", "tags"),
    [
        ({"build-linux-amd64": "failure", "publish": "skipped"}, UNMOVED),
        ({"build-linux-amd64": "failure"}, UNMOVED),
        ({"build": "cancelled", "lint": "skipped"}, UNMOVED),
        ({"ship": "failure", "publish": "skipped"}, UNMOVED),
        ({"build": "success", "ship": "failure"}, NOT_KNOWN),
        ({"publish": "failure"}, NOT_KNOWN),
        ({"build-linux-amd64": "success", "publish": "cancelled"}, NOT_KNOWN),
    ],
)
def test_what_tags_show(jobs: Mapping[str, str], tags: str) -> None:
    assert tags_now(Needs(jobs=jobs)) == (tags,)


def test_what_a_run_that_published_has_left() -> None:
    jobs = {"publish": "success", "deploy": "failure"}
    good = replace(NOTICE, kind=Kind.SUCCESS, tags=("ghcr.io/team/app: v1 shows the new image",))
    assert tags_now(Needs(jobs=jobs, notices=(NOTICE, good))) == good.tags


def test_a_run_that_failed_knows_no_tags() -> None:
    needs = Needs(
        jobs={"build-linux-amd64": "failure", "publish": "skipped"},
        notices=(replace(NOTICE, tags=()),),
    )
    assert told_by(needs, replace(NOTICE, tags=tags_now(needs))).tags == (UNMOVED,)
