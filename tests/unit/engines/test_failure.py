from pathlib import Path

import pytest

from polyarch.engines.base import Bounds, BuildRequest, EngineInfo
from polyarch.engines.failure import Evidence, explained
from polyarch.errors import BuildStalledError, BuildTooSlowError, ProcessFailedError
from polyarch.oci.platform import Platform

INFO = EngineInfo(name="buildx", native=(Platform.parse("linux/amd64"),))
EVIDENCE = Evidence(
    verdict=("ERROR: failed to solve: Canceled: context canceled",),
    steps=("#7 compiling", "#7 token=s3cret"),
    step="[3/4] RUN make",
)


def request(*, emulated: bool = False) -> BuildRequest:
    return BuildRequest(
        image="app",
        platform=Platform.parse("linux/arm64"),
        project=Path(),
        context=Path(),
        dockerfile=None,
        bounds=Bounds(whole_s=5400, silent_s=600),
        emulated=emulated,
        log=Path("build.log"),
        mask=lambda text: text.replace("s3cret", "***"),
    )


@pytest.mark.parametrize(
    ("ended", "kind", "words"),
    [
        ({"is_silent": True}, BuildStalledError, "it was silent for 600 s"),
        ({"is_late": True}, BuildTooSlowError, "it did not end within 5400 s"),
    ],
)
def test_a_bound_that_was_reached_explains_all_else(
    ended: dict[str, bool], kind: type[BuildTooSlowError], words: str
) -> None:
    stopped = ProcessFailedError("docker", -15, (), **ended)
    error = explained(request(), INFO, EVIDENCE, stopped)
    assert type(error) is kind
    assert f"{words}, in the step `[3/4] RUN make`\n  #7 compiling" in error.message
    assert "context canceled" not in error.message
    assert "s3cret" not in error.message
    assert "QEMU" not in (error.hint or "")
    assert f"longer `{kind.key}`" in (error.hint or "")
    assert "build.log" in (error.hint or "")


def test_under_an_emulator_it_is_named_with_the_ways_out() -> None:
    stopped = ProcessFailedError("docker", -15, (), is_silent=True)
    error = explained(request(emulated=True), INFO, EVIDENCE, stopped)
    for words in ("QEMU", "$BUILDPLATFORM", "[builders", "doctor", "longer `stall-timeout`"):
        assert words in (error.hint or "")


def test_a_program_that_ended_by_itself_reached_no_bound() -> None:
    failed = ProcessFailedError("docker", 1, ())
    assert not isinstance(explained(request(), INFO, EVIDENCE, failed), BuildTooSlowError)
