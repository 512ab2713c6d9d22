"""PA310: choices that stop a platform in another place than in their own arms."""

import pytest

from tests.support.linted import told

CHOICE = 'case "$TARGETARCH" in amd64) A=x64;; arm64) A=arm64;; {0}esac'
RUN = "FROM b\nARG TARGETARCH\nRUN {0}\n"

STOPPED = [
    CHOICE.format("") + '; if [ -z "$A" ]; then exit 1; fi; ./get "$A"',
    'A=""; '
    + CHOICE.format("")
    + ' && if [ -z "$A" ]; then { echo no; exit 1; }; fi && ./get "$A"',
    CHOICE.format("") + '; A=$A; [ -n "$A" ] || exit 1; ./get "$A"',
    CHOICE.format("") + "; [ $A ] || exit 1",
    'A=$(case "$TARGETARCH" in amd64) echo x;; arm64) echo y;; *) exit 1;; esac) && ./get "$A"',
    'set -e; A="$(case $TARGETARCH in amd64) echo x;; arm64) echo y;; *) exit 2;; esac)"; ./get $A',
]


@pytest.mark.parametrize("body", STOPPED)
def test_a_stop_behind_the_choice_is_found(body: str):
    assert told(RUN.format(body), "PA310") == ["PA310:3 warning none"]


NOT_STOPPED = [
    # What is asked has nothing to do with the choice.
    CHOICE.format("*) A=any;; ") + '; if [ -z "$TOKEN" ]; then exit 1; fi; ./get "$A"',
    'if [ "$TARGETARCH" = amd64 ]; then A=x; fi; [ -z "$A" ] || exit 1',
    CHOICE.format("") + '; A=all; if [ -z "$A" ]; then exit 1; fi; ./get "$A"',
    # The failure is caught.
    "A=$(case $TARGETARCH in amd64) echo x;; arm64) echo y;; *) exit 1;; esac) || A=z; ./get $A",
]


@pytest.mark.parametrize("body", NOT_STOPPED)
def test_a_stop_for_another_reason_is_not(body: str):
    assert told(RUN.format(body), "PA310") == []
