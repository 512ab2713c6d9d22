import sys

import pytest

from polyarch.cli.builder_tables import builders_view
from polyarch.cli.console import make_console
from polyarch.engines.base import EngineInfo
from polyarch.engines.node import Node
from polyarch.errors import NothingSelectedError
from polyarch.oci.platform import Platform
from polyarch.pipeline.builders import Action, Found, select_nodes, to_json

NODES = tuple(
    Node(name=name, driver="docker", endpoint=f"ssh://me:secret@{name}")
    for name in ("arm-1", "arm-2", "power")
)
GOOD = EngineInfo(
    name="buildx",
    native=(Platform.parse("linux/amd64"), Platform.parse("linux/amd64/v2")),
    emulated=(Platform.parse("linux/arm64"),),
    details={"docker": "28.5.2", "status": "running"},
)
BAD = EngineInfo(name="buildx", problem="it is gone", hint="look for it")


def test_builders_are_chosen_by_name_and_glob_in_the_order_of_the_file() -> None:
    assert select_nodes((), NODES) == NODES
    assert select_nodes(("power", "arm-*"), NODES) == NODES
    assert select_nodes(("arm-2",), NODES) == NODES[1:2]
    with pytest.raises(NothingSelectedError, match="no builder matches `mips`"):
        select_nodes(("mips",), NODES)


def test_a_document_has_no_password_and_says_whether_all_is_well() -> None:
    told = to_json((Found(node=NODES[0], info=GOOD), Found(node=NODES[1], info=BAD)))
    assert told["ok"] is False
    assert [each["status"] for each in told["builders"]] == ["running", "broken"]
    assert "secret" not in str(told)


def test_a_table_says_what_is_wrong_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    found = (
        Found(node=NODES[0], info=GOOD, action=Action.NOTHING),
        Found(node=NODES[1], info=BAD),
    )
    for view in (builders_view(found), builders_view(())):
        make_console(sys.stdout, terminal=False, colour=False, environment={}).print(view)
    out = capsys.readouterr().out
    assert "linux/amd64   linux/arm64   of Docker 28.5.2" in out
    assert "arm-1: the Docker Engine's own BuildKit: nothing to make or remove" in out
    assert "arm-2: it is gone\n  look for it\n" in out
    assert "no builders: this machine builds everything" in out
    assert "secret" not in out
