"""What doctor makes of what it was told: pure, and never waiting for what hangs."""

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.engines.base import EngineInfo
from polyarch.engines.node import Node
from polyarch.errors import ContextNotFoundError, ProgramNotFoundError
from polyarch.host.binfmt import BinfmtEntry
from polyarch.host.emulation import Machine
from polyarch.host.tools import Tools
from polyarch.host.trial import Outcome, Trial
from polyarch.oci.platform import Platform
from polyarch.pipeline import emulator_record
from polyarch.pipeline.asking import Asked
from polyarch.pipeline.diagnosis import to_json
from polyarch.pipeline.diagnosis_emulators import (
    Emulators,
    emulator_symptoms,
    foreign_platforms,
)
from polyarch.pipeline.diagnosis_engines import builder_symptoms, engine_symptoms
from polyarch.pipeline.diagnosis_machine import disk_symptom
from polyarch.pipeline.diagnosis_registries import clock_symptoms
from polyarch.pipeline.diagnosis_strategies import emulated_here, strategy_symptoms
from polyarch.pipeline.emulator_record import EmulatorRecord, recalled, remember
from polyarch.pipeline.facts import NodeFacts
from polyarch.pipeline.mending import Fix
from polyarch.pipeline.strategy import Assignment
from polyarch.pipeline.symptom import Health, Symptom, folded, late

AMD64, ARM64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
ENTRY = BinfmtEntry(
    name="qemu-aarch64", architecture="arm64", interpreter="/q", enabled=True, fixed=True
)
MACHINE = Machine(native=(AMD64,), binfmt=True)
WITH_ENTRY = replace(MACHINE, entries=(ENTRY,), versions={"/q": "7.2.22"})
ROOT = Tools(is_root=True, kernel="6.1")


def found(
    outcome: Outcome,
    machine: Machine = MACHINE,
    tools: Tools | None = ROOT,
    *,
    problem: str = "",
    in_containers: bool = False,
    needed: bool = False,
    record: EmulatorRecord | None = None,
) -> Symptom:
    trial = Trial(
        platform=ARM64,
        outcome=outcome,
        emulator=machine.emulator_for(ARM64),
        problem=problem,
        in_containers=in_containers,
    )
    emulators = Emulators(
        machine=machine,
        trials=[trial],
        tools=tools,
        record=record or EmulatorRecord(),
        needed=[ARM64] if needed else [],
    )
    _, symptom = emulator_symptoms(emulators)
    return symptom


def test_an_emulator_that_works() -> None:
    symptom = found(Outcome.WORKS, WITH_ENTRY, None, in_containers=True, needed=True)
    assert (symptom.health, symptom.hint) == (Health.OK, None)
    assert symptom.message == "QEMU 7.2.22, registered with flag F: ran a program"


def test_one_that_is_needed_and_not_there_is_broken_else_missing() -> None:
    assert found(Outcome.ABSENT).health is Health.MISSING
    broken = found(Outcome.ABSENT, needed=True)
    assert broken.health is Health.BROKEN
    assert "install qemu-user-static" in (broken.hint or "")
    assert found(Outcome.BROKEN, WITH_ENTRY, problem="gone").health is Health.WARNING


@pytest.mark.parametrize(
    ("outcome", "machine", "tools", "told"),
    [
        (Outcome.ABSENT, replace(MACHINE, binfmt=False), ROOT, "not mounted or switched off"),
        (Outcome.ABSENT, MACHINE, replace(ROOT, formats={"arm64": "q"}), "lost at a reboot"),
        (Outcome.NATIVE, MACHINE, None, "processor ran a program"),
        (Outcome.WORKS, WITH_ENTRY, ROOT, "would not in a container"),
        (Outcome.BROKEN, WITH_ENTRY, ROOT, "does not work: why"),
        (Outcome.UNTRIED, MACHINE, ROOT, "not tried: why"),
    ],
)
def test_what_is_said_of_emulators(
    outcome: Outcome, machine: Machine, tools: Tools, told: str
) -> None:
    assert told in found(outcome, machine, tools, problem="why").message


def test_hints_are_commands_that_this_user_may_run() -> None:
    rules = {"arm64": Path("/r.conf")}
    programs = replace(MACHINE, programs={"arm64": "/q"})
    root = replace(ROOT, systemd_binfmt="/s", rules=rules)
    assert found(Outcome.ABSENT, programs, root).hint == "`polyarch doctor --fix`"
    user = replace(root, is_root=False)
    assert found(Outcome.ABSENT, programs, user).hint == "`sudo /s /r.conf`"


def test_what_worked_before_a_reboot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works = Trial(platform=ARM64, outcome=Outcome.WORKS)
    remember(tmp_path / "absent", [works])
    assert recalled(tmp_path / "absent") == EmulatorRecord()
    remember(tmp_path, [works, Trial(platform=AMD64, outcome=Outcome.NATIVE)])
    record = recalled(tmp_path)
    assert record.platforms == {"linux/arm64"}
    assert record.lost("linux/arm64") == "lost: somebody took it away"
    assert record.lost("linux/s390x") == ""
    monkeypatch.setattr(emulator_record, "this_boot", lambda: "another")
    symptom = found(Outcome.ABSENT, record=replace(record, boot="one"))
    assert symptom.message.endswith("it worked before, and is lost at a reboot")


@given(data=st.binary(max_size=60) | st.sampled_from([b"[]", b'{"platforms": 1, "boot": 2}']))
def test_a_hostile_record(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / "emulators.json").write_bytes(data)
    assert recalled(folder) == EmulatorRecord()


def test_outside_a_project_what_something_here_may_emulate_is_tried() -> None:
    machine = replace(MACHINE, programs={"s390x": "/q"})
    platforms = [str(each) for each in foreign_platforms(None, machine)]
    assert platforms == ["linux/s390x", "linux/arm64", "linux/arm/v7"]


USABLE = EngineInfo(name="buildah", title="buildah 1.28", native=(AMD64,))
ABSENT = EngineInfo(name="buildx", problem="it is absent", hint="install it")


def test_engines_that_work_say_what_they_run_and_stand_on() -> None:
    docker = replace(USABLE, details={"docker": "28.5", "buildkit": "v0.25"})
    [symptom] = engine_symptoms(None, {"buildah": docker}, {})
    assert symptom.message == "buildah 1.28 (Docker 28.5, BuildKit v0.25); runs linux/amd64 itself"


def test_builders_that_cannot_be_used_are_broken() -> None:
    node = Node(name="arm", driver="docker", endpoint="ssh://x")
    nodes = {"arm": NodeFacts(node=node, info=ABSENT), "b": NodeFacts(node=node, info=USABLE)}
    broken, fine = builder_symptoms(nodes)
    assert (broken.health, broken.message, broken.hint) == (
        Health.BROKEN, "it is absent", "install it",
    )  # fmt: skip
    assert fine.health is Health.OK


def test_strategies_with_their_reason_and_without_what_engines_said() -> None:
    why = "buildah 1.28; `buildx` cannot: it is absent; the engine runs this platform itself"
    native = Assignment(engine="buildah", strategy="native", reason=why)
    foreign = replace(native, strategy="emulated", builder="arm", reason="buildah 1.28; told so")
    decided: Mapping[tuple[str, Platform], Assignment | ContextNotFoundError] = {
        ("app", AMD64): native,
        ("app", ARM64): foreign,
        ("web", ARM64): ContextNotFoundError("web", "/nowhere"),
    }
    probes = {"buildx": ABSENT, "buildah": USABLE}
    first, second, third = strategy_symptoms(None, decided, probes, {})
    assert first.message == "native by buildah: the engine runs this platform itself"
    assert second.message == "emulated by builder arm: told so"
    assert (third.health, third.is_broken) == (Health.BROKEN, True)


def test_only_what_this_machine_has_to_emulate_is_needed() -> None:
    here = Assignment(engine="buildah", strategy="emulated", reason="")
    probes = {"buildah": USABLE}
    assert emulated_here({("app", ARM64): here}, probes) == {ARM64}
    assert emulated_here({("app", ARM64): replace(here, builder="arm")}, probes) == set()
    assert emulated_here({("app", ARM64): replace(here, strategy="cross")}, probes) == set()
    own = {"buildah": replace(USABLE, emulated=(ARM64,))}
    assert emulated_here({("app", ARM64): here}, own) == set()


@pytest.mark.parametrize(
    ("skews", "health", "told"),
    [
        ({"a": 3.0}, Health.OK, "agrees with a"),
        ({"a": 3.0, "b": -900.0}, Health.OK, "agrees with a"),
        ({"a": 120.0}, Health.WARNING, "2 min ahead of a"),
        ({"a": -301.0}, Health.BROKEN, "5 min behind a; logins fail"),
        ({"a": 90_000.0, "b": 90_001.0}, Health.BROKEN, "25.0 h ahead of a"),
    ],
)
def test_clocks(skews: dict[str, float], health: Health, told: str) -> None:
    [symptom] = clock_symptoms(skews)
    assert symptom.health is health
    assert symptom.message.startswith(told)
    assert (symptom.hint is None) == (health is Health.OK)


def test_a_clock_that_nothing_was_compared_with_is_not_told() -> None:
    assert list(clock_symptoms({})) == []


@pytest.mark.parametrize(
    ("free", "health"),
    [(50_000_000_000, Health.OK), (4_900_000_000, Health.WARNING), (9_000, Health.BROKEN)],
)
def test_disks(free: int, health: Health) -> None:
    symptom = disk_symptom("Docker", Path("/x"), free)
    assert symptom.health is health
    assert (symptom.hint is None) == (health is Health.OK)


def test_rows_that_say_the_same_are_one() -> None:
    def of(name: str, message: str) -> Symptom:
        return Symptom(area="emulator", name=name, health=Health.OK, message=message)

    rows = folded([of("a", "x"), of("b", "y"), of("c", "x")])
    assert [(row.names, row.symptom.message) for row in rows] == [(("a", "c"), "x"), (("b",), "y")]


def test_what_hangs_is_told_and_not_waited_for() -> None:
    forever = threading.Event()
    asked = Asked(forever.wait)
    begun = time.monotonic()
    assert asked.answer(begun + 0.05) is None
    assert time.monotonic() - begun < 5
    forever.set()
    assert asked.answer(time.monotonic() + 5) is True
    assert late("engine", "buildx", 90).is_broken


def test_what_a_question_raises_is_raised_to_who_waits() -> None:
    def ask() -> None:
        raise ProgramNotFoundError("docker")

    with pytest.raises(ProgramNotFoundError):
        Asked(ask).answer(time.monotonic() + 5)


def test_the_document_tells_what_was_mended() -> None:
    done = Fix(area="emulator", message="registered", commands="x", done=True)
    failed = replace(done, done=False, problem="no right")
    for_root = replace(done, done=False)
    document = to_json([], [done, failed, for_root])
    assert [each["status"] for each in document["fixes"]] == ["done", "failed", "needs-root"]
    assert to_json([])["fixes"] is None
