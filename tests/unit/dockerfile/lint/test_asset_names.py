"""PA313, PA314 and the table of assets: what projects call their files."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.lint.arches import AMD64, ARM_V6, ARM_V7, I386
from polyarch.dockerfile.lint.assets import asset_in
from polyarch.dockerfile.lint.rarities import rare_file
from tests.support.linted import linted, told

GH = "https://github.com/"
S6 = f"{GH}just-containers/s6-overlay/releases/download"
GOSU = f"{GH}tianon/gosu/releases/download/1.17"
UV = f"{GH}astral-sh/uv/releases/latest/download"
GLIBC = f"{GH}sgerrand/alpine-pkg-glibc/releases/download"
COMPOSE = f"{GH}docker/compose/releases/download"
TINI = f"{GH}krallin/tini/releases/download/v0.19.0/"

ASSETS = [
    (f"{S6}/v${{V}}/s6-overlay-x86_64.tar.xz", "x86_64"),
    (f"{S6}/v2.2.0.3/s6-overlay-amd64.tar.gz", "amd64"),
    (f"{TINI}tini-amd64", "amd64"),
    (f"{TINI}tini-static-armhf.asc", "armhf"),
    (f"{GOSU}/gosu-$(dpkg --print-architecture)", "$(dpkg --print-architecture)"),
    ("https://nodejs.org/dist/v$V/node-v$V-linux-x64.tar.xz", "x64"),
    ("https://go.dev/dl/go1.25.linux-arm64.tar.gz", "arm64"),
    ("https://dl.k8s.io/$(curl -Ls https://dl.k8s.io/stable)/bin/linux/amd64/kubectl", "amd64"),
    ("https://micromamba.snakepit.net/api/micromamba/linux-64/latest", "linux-64"),
    ("https://downloads.rclone.org/v1.70/rclone-v1.70-linux-arm-v7.zip", "arm-v7"),
    ("https://releases.hashicorp.com/terraform/1.9/terraform_1.9_linux_386.zip", "386"),
    (f"{GH}protocolbuffers/protobuf/releases/download/v3/protoc-3-linux-aarch_64.zip", "aarch_64"),
    (f"{UV}/uv-x86_64-unknown-linux-musl.tar.gz", "x86_64-unknown-linux-musl"),
]  # fmt: skip


@pytest.mark.parametrize(("address", "name"), ASSETS)
def test_an_asset_is_known_by_its_address(address: str, name: str):
    found = asset_in(f'"{address}"')
    assert found is not None
    assert found.name == name
    assert f'"{address}"'[found.start : found.end] == name


@pytest.mark.parametrize(
    "address",
    [
        f"{TINI}tini",
        f"{TINI}tini-static",
        f"{S6}/v3/s6-overlay-noarch.tar.xz",
        "https://example.com/yq_linux_amd64",
        "https://nodejs.org/dist/index.json",
        "",
    ],
)
def test_other_addresses_are_not(address: str):
    assert asset_in(address) is None


_PARTS = (
    GH, "krallin/tini", "/releases/download/", "v1/", "tini-", "node-", "-linux-", "nodejs.org/",
    "dist/", "$(", ")", "$", "go1", ".linux-", "dl.google.com/go/", "/bin/linux/", "dl.k8s.io/",
    ".tar",
)  # fmt: skip


@given(st.lists(st.sampled_from(_PARTS), max_size=60).map("".join))
def test_the_place_of_a_name_is_right(address: str):
    found = asset_in(address)
    if found:
        assert address[found.start : found.end] == found.name


@pytest.mark.parametrize("part", _PARTS)
def test_long_addresses_take_no_longer_than_they_should(part: str):
    started = time.process_time()
    for head in _PARTS:
        asset_in((head + part * 2000)[:2048])
        rare_file((head + part * 2000)[:2048])
    assert time.process_time() - started < 20


PLAIN = [
    (f"FROM b\nADD {TINI}tini /tini", "2 warning review"),
    (f"FROM b\nADD {TINI}tini /tini\nRUN chmod +x /tini", "2 warning review"),
    (f"FROM b\nRUN curl -Lo /tini {TINI}tini-static", "2 warning review"),
    (f"FROM b\nRUN wget {TINI}tini && echo '0  tini' | sha256sum -c", "2 warning none"),
    (
        f"FROM b\nRUN wget {GLIBC}/2.35-r1/glibc-2.35-r1.apk",
        "2 warning none",
    ),
    (f"FROM b\nRUN wget {GH}apangin/jattach/releases/download/v2.0/jattach", "2 warning none"),
]


@pytest.mark.parametrize(("text", "expected"), PLAIN)
def test_a_plain_name_that_is_for_amd64_is_found(text: str, expected: str):
    assert told(text, "PA313") == [f"PA313:{expected}"]


@pytest.mark.parametrize(
    "text",
    [
        f"FROM b\nADD {TINI}tini-$TARGETARCH /tini",
        f"FROM b\nRUN apk add tini && wget {TINI}tini.asc",
        f'FROM b\nRUN if [ "$TARGETARCH" = amd64 ]; then wget {TINI}tini; fi',
    ],
)
def test_a_name_with_the_platform_is_not(text: str):
    assert told(text, "PA313") == []


YQ = f"{GH}mikefarah/yq/releases/download/v4/yq_linux_"
MISMATCHED = [
    f'FROM b\nRUN wget "{YQ}$(dpkg --print-architecture)"',
    f'FROM b\nRUN A=$(dpkg --print-architecture) && wget "{YQ}${{A}}.tar.gz"',
    f"FROM b\nRUN curl -LO {COMPOSE}/v2/docker-compose-linux-$(uname -m)",
    "FROM b\nARG TARGETARCH\nADD https://nodejs.org/dist/v22/node-v22-linux-$TARGETARCH.tar.xz /n",
]


@pytest.mark.parametrize("text", MISMATCHED)
def test_a_name_in_the_wrong_words_is_found(text: str):
    assert [one.partition(" ")[2] for one in told(text, "PA314")] == ["warning review"]


def test_the_platforms_whose_file_has_another_name_are_told():
    text = f'FROM b\nRUN wget "{YQ}$(dpkg --print-architecture)"'
    (found,) = [one for one in linted(text) if one.rule == "PA314"]
    assert AMD64 not in found.platforms
    assert {ARM_V7, ARM_V6, I386} <= set(found.platforms)


@pytest.mark.parametrize(
    "text",
    [
        f"FROM b\nARG TARGETARCH\nRUN wget {YQ}${{TARGETARCH}}",
        f"FROM b\nRUN wget {GH}tianon/gosu/releases/download/1/gosu-$(dpkg --print-architecture)",
        f'FROM b\nRUN A=$(uname -m); case "$A" in x86_64) A=amd64;; esac; wget {YQ}$A',
        f"FROM b\nARG A\nRUN wget {YQ}$A",
        f"FROM b\nRUN wget {YQ}$(./which-arch)",
    ],
)
def test_a_name_that_fits_or_that_nobody_knows_is_not(text: str):
    assert told(text, "PA314") == []
