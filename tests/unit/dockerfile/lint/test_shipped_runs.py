"""PA402, PA403: bookkeeping and packages in the shipped stage."""

import pytest

from tests.support.linted import told

BOOKKEEPING = [
    "mkdir -p /data",
    "mkdir /data && chown 1 /data && chmod 700 /data",
    "adduser -D me",
    "set -eux; ln -s /a /b",
    "echo a > /b",
    "test -f /x || touch /x",
    "for x in 1 2; do mkdir /$x; done",
    "rm -rf /tmp/*",
]


@pytest.mark.parametrize("body", BOOKKEEPING)
def test_files_and_accounts_are_bookkeeping(body: str):
    assert told(f"FROM a\nRUN {body}", "PA402") == ["PA402:2 info none"]


NO_BOOKKEEPING = [
    "mkdir /data && ./configure",
    "chmod +x /x",
    "set -e",
    "apk add x && rm -rf /var/cache",
    "$TOOL /x",
]


@pytest.mark.parametrize("body", NO_BOOKKEEPING)
def test_other_work_is_not(body: str):
    assert told(f"FROM a\nRUN {body}", "PA402") == []


@pytest.mark.parametrize(
    "body",
    [
        "apk add --no-cache x",
        "apt-get update && apt-get install -y x",
        "apt-get -qq install x",
        "dnf install -y x",
        "sudo yum install x",
        "pacman -Syu x",
        "zypper in x",
    ],
)
def test_the_first_package_manager_of_a_shipped_stage_is_told(body: str):
    text = f"FROM a AS x\nRUN apk add y\nFROM b\nRUN true\nRUN {body}\nRUN apk add z"
    assert told(text, "PA403") == ["PA403:5 info none"]


def test_each_stage_of_the_image_has_its_own():
    text = "FROM a AS x\nRUN apk add y\nFROM x\nRUN apk add z"
    assert told(text, "PA403") == ["PA403:2 info none", "PA403:4 info none"]


@pytest.mark.parametrize("body", ["apk info", "apt-cache show x", "pacman -Q", "rpm -i x"])
def test_a_question_installs_nothing(body: str):
    assert told(f"FROM a\nRUN {body}", "PA403") == []


def test_a_stage_of_the_builder_costs_nothing():
    text = "FROM --platform=$BUILDPLATFORM a\nRUN mkdir /x\nRUN apk add y"
    assert told(text, "PA402", "PA403") == []
