"""Stages that only fetch and move files."""

import pytest

from tests.support.emulated_work import told

FETCH = "FROM alpine AS fetch\nARG TARGETARCH\nRUN {}\nFROM scratch\nCOPY --from=fetch {} /x\n"


@pytest.mark.parametrize(
    ("commands", "path", "fix"),
    [
        ("wget -O /x.tgz https://x/$TARGETARCH.tgz && tar -xf /x.tgz -C /opt/x", "/opt/x", "safe"),
        ("wget -O /usr/bin/x https://x/$TARGETARCH && chmod +x /usr/bin/x", "/usr/bin/x", "safe"),
        ("wget https://x/y && mv y /usr/bin/", "/usr/bin/y", "safe"),
        ("apk add ca-certificates", "/etc/ssl/certs/ca-certificates.crt", "safe"),
        ("git clone https://x/y /y && rm -r /y/.git", "/y", "safe"),
        ("mkdir -p /out/etc && adduser -D x && cp /etc/passwd /out/etc/", "/out", "safe"),
        (
            "case $TARGETARCH in amd64) wget -O /x a;; *) exit 1;; esac",
            "/x",
            "safe",
        ),
        ('if [ "$TARGETARCH" = amd64 ]; then wget -O /x a; fi', "/x", "review"),
        ('if [ "$TARGETARCH" = amd64 ]; then export A=x64; fi; wget -O /x $A', "/x", "safe"),
        ("apk add tini", "/sbin/tini", "none"),
        ("wget -O /x https://x/$(uname -m)", "/x", "none"),
        ('a="$(apk --print-arch)"; wget -O /x "https://x/$a"', "/x", "none"),
        ('a="$(apk --print-arch)"; wget -O /x https://x/y', "/x", "safe"),
        ('a="$(apk --print-arch)"; echo x > "/x-$a"', "/x", "none"),
        ("apk add --root /out --initdb busybox", "/out", "none"),
        # What the base image brings, on its way through a folder of another name.
        ("apk add curl && mkdir /out && cp /usr/bin/curl /out/", "/out", "none"),
        ("mkdir -p /out/lib && cp -a /lib/ld-musl-*.so.1 /out/lib/", "/out", "none"),
        ("apk add jq && mkdir /out && cp $(which jq) /out/", "/out", "none"),
        ("wget -O /usr/bin/x https://x/$TARGETARCH && mv /usr/bin/x /out", "/out", "safe"),
        ("apk add curl && cp /usr/bin/curl /tmp/own && wget -O /x https://x/y", "/x", "safe"),
        ("mkdir /out && cp /usr/share/zoneinfo/UTC /out/", "/out", "safe"),
        ("git clone https://x/y /y && find /y -name .git -exec rm -r {} +", "/y", "safe"),
    ],
)
def test_fetch(commands: str, path: str, fix: str) -> None:
    assert told(FETCH.format(commands, path)) == [f"PA209:1 {fix}"]


@pytest.mark.parametrize(
    "commands",
    [
        "wget -O /x https://x/y && chmod +x /x && /x --install",
        "curl https://x/y | sh",
        "frobnicate",
        "wget -qO- https://x/y | tar xz -C /x && find /x -type f -exec strip {} +",
    ],
)
def test_a_stage_that_runs_what_it_fetched_does_more_than_fetch(commands: str) -> None:
    assert told(FETCH.format(commands, "/x")) == []


def test_the_image_and_stages_below_others_do_not_only_fetch() -> None:
    assert told("FROM alpine AS base\nRUN apk add curl\nFROM base\nCOPY x /x\n") == []
