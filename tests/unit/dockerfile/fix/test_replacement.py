"""Names that arguments replace one after the other."""

import pytest

from polyarch.dockerfile.fix.replacement import arguments
from polyarch.dockerfile.lint.assets import asset_in
from polyarch.dockerfile.lint.finding import FixClass
from polyarch.errors import FixRefusedError
from polyarch.oci.platform import Platform
from tests.support.mending import mend_twice

S6 = "https://github.com/just-containers/s6-overlay/releases/download/v3.2.1.0/s6-overlay-"
TUTORIAL = f"""\
FROM ubuntu:24.04
RUN apt-get update && apt-get install -y nginx xz-utils
ADD {S6}x86_64.tar.xz /tmp
RUN tar -C / -Jxpf /tmp/s6-overlay-x86_64.tar.xz
"""


def test_what_adds_cannot_choose_arguments_name():
    text = mend_twice(TUTORIAL, FixClass.REVIEW).text
    assert f"ADD {S6}${{asset_arch}}.tar.xz /tmp/s6-overlay-x86_64.tar.xz\n" in text
    assert "ARG asset_arch=${asset_arch/armv6/armhf}\n" in text
    assert text.endswith("RUN tar -C / -Jxpf /tmp/s6-overlay-x86_64.tar.xz\n")


@pytest.mark.parametrize("tag", ["1", "1.6", "1.4.1"])
def test_a_frontend_that_cannot_is_left_alone(tag: str):
    before = f"# syntax=docker/dockerfile:{tag}\n{TUTORIAL}"
    is_old = tag != "1"
    assert (mend_twice(before, FixClass.REVIEW).text == before) == is_old


def test_names_that_stand_in_each_other_s_way_are_refused():
    names = {Platform.parse("amd64"): "arm64", Platform.parse("arm64"): "aarch64"}
    with pytest.raises(FixRefusedError):
        arguments(names, "a")


def test_every_name_of_a_known_project():
    found = asset_in(f"{S6}x86_64.tar.xz")
    assert found
    assert len(arguments(found.asset.names, "a")) == 7
