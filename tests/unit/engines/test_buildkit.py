import base64
import json
from pathlib import Path

from polyarch.engines.base import BuildRequest
from polyarch.engines.buildkit import BuildProgress
from polyarch.engines.transcript import Transcript
from polyarch.events import BuildLog, BuildStep, Event, Warned
from polyarch.oci.platform import Platform


def follow(folder: Path, *items: dict[str, object] | str) -> tuple[BuildProgress, list[Event], str]:
    events: list[Event] = []
    request = BuildRequest(
        image="app",
        platform=Platform.parse("linux/arm64"),
        project=folder,
        context=folder,
        dockerfile=None,
        log=folder / "build.log",
    )
    with Transcript(request, events.append) as transcript:
        progress = BuildProgress(transcript)
        for item in items:
            progress.feed(item if isinstance(item, str) else json.dumps(item))
        progress.finish()
    return progress, events, (folder / "build.log").read_text()


def vertex(name: str, **more: object) -> dict[str, object]:
    return {"vertexes": [{"digest": f"sha256:{name}", "name": name, **more}]}


def log(name: str, text: bytes) -> dict[str, object]:
    data = base64.b64encode(text).decode()
    return {"logs": [{"vertex": f"sha256:{name}", "stream": 1, "data": data}]}


STARTED = {"started": "2026-11-20T23:56:33Z"}
DONE = {**STARTED, "completed": "2026-11-20T23:56:35Z"}


def test_output_is_cut_into_lines_wherever_the_pieces_end(tmp_path: Path) -> None:
    _, events, text = follow(
        tmp_path,
        vertex("[1/2] RUN make", **STARTED),
        log("[1/2] RUN make", b"one\ntw"),
        log("[1/2] RUN make", b"o\n10%\r20%\r\nlast"),
        vertex("[1/2] RUN make", **DONE),
    )
    assert [event.line for event in events if isinstance(event, BuildLog)] == [
        "#1 one",
        "#1 two",
        "#1 20%",
        "#1 last",
    ]
    assert text.splitlines() == [
        "#1 [1/2] RUN make", "#1 one", "#1 two", "#1 20%", "#1 last", "#1 DONE 2.0s",
    ]  # fmt: skip


def test_a_step_is_told_once_however_often_buildkit_repeats_it(tmp_path: Path) -> None:
    _, events, text = follow(
        tmp_path,
        vertex("[1/2] RUN make"),
        vertex("[internal] load metadata", **DONE),
        vertex("[1/2] RUN make", **STARTED),
        vertex("[1/2] RUN make", **STARTED),
        vertex("[1/2] RUN make", **DONE, cached=True),
        vertex("[1/2] RUN make", **DONE, cached=True),
    )
    steps = [(e.text, e.done, e.total) for e in events if isinstance(e, BuildStep)]
    assert steps == [("[1/2] RUN make", 1, 2)]
    assert text.count("CACHED") == 1


def test_a_failure_is_told_by_the_step_that_failed_first(tmp_path: Path) -> None:
    progress, _, _ = follow(
        tmp_path,
        vertex("[a] RUN sleep", **STARTED),
        vertex("[b] RUN make", **STARTED),
        log("[a] RUN sleep", b"sleeping\n"),
        log("[b] RUN make", b"sad\n"),
        vertex("[a] RUN sleep", **DONE, error="context canceled: context canceled"),
        vertex("[b] RUN make", **DONE, error="exit code: 2"),
        "Dockerfile:2",
        "ERROR: failed to solve: exit code: 2",
    )
    evidence = progress.evidence
    assert evidence.last_lines == ("[b] RUN make", "sad", "ERROR: failed to solve: exit code: 2")


def test_words_alone_are_evidence(tmp_path: Path) -> None:
    progress, _, text = follow(tmp_path, "docker: 'buildx' is not a docker command.", "")
    assert progress.evidence.verdict == ("docker: 'buildx' is not a docker command.",)
    assert "not a docker command" in text


def test_a_base_of_another_platform_is_warned_of(tmp_path: Path) -> None:
    told = 'InvalidBaseImagePlatform: Base image x was pulled with platform "linux/arm64"'
    short = base64.b64encode(told.encode()).decode()
    _, events, text = follow(tmp_path, {"warnings": [{"vertex": "v", "level": 1, "short": short}]})
    assert [event.text for event in events if isinstance(event, Warned)] == [
        f"image `app`, platform `linux/arm64`: {told}"
    ]
    assert told in text


def test_only_what_is_new_is_a_sign_of_life(tmp_path: Path) -> None:
    request = BuildRequest(
        image="app",
        platform=Platform.parse("linux/arm64"),
        project=tmp_path,
        context=tmp_path,
        dockerfile=None,
    )
    progress = BuildProgress(Transcript(request, lambda _event: None))
    moved = {"vertex": "sha256:[1/2] RUN make", "id": "layer", "current": 7}
    news = [
        progress.feed(json.dumps(item))
        for item in (
            vertex("[1/2] RUN make", **STARTED),
            {},
            vertex("[1/2] RUN make", **STARTED),
            {"statuses": [{**moved, "timestamp": "2026-11-20T23:56:34Z"}]},
            {"statuses": [{**moved, "timestamp": "2026-11-20T23:56:35Z"}]},
            {"statuses": [{**moved, "current": 8}]},
            log("[1/2] RUN make", b"."),
            vertex("[1/2] RUN make", **DONE),
        )
    ]
    assert news == [True, False, False, True, False, True, True, True]
    assert progress.feed("ERROR: plain words")


def test_a_build_that_was_ended_tells_what_it_was_at(tmp_path: Path) -> None:
    canceled = {**DONE, "error": "context canceled"}
    progress, _, _ = follow(
        tmp_path,
        vertex("[1/3] FROM base", **DONE),
        vertex("[2/3] RUN first", **STARTED),
        vertex("[3/3] RUN second", **STARTED),
        vertex("[3/3] RUN second", **canceled),
    )
    assert progress.evidence.step == "[3/3] RUN second"
