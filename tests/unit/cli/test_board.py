import io

from polyarch.cli.board import Board
from polyarch.cli.console import make_console
from polyarch.cli.progress import LiveProgress, PlainProgress, QuietProgress
from polyarch.events import (
    BlobProgress,
    BlobStored,
    BuildFinished,
    BuildLog,
    BuildStarted,
    BuildStep,
    DestinationFailed,
    LoggedIn,
    TagMoved,
    Warned,
)
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.platform import Platform

ARM = Platform.parse("arm64")
BLOB = Descriptor.of("a/b", b"x" * 2_000_000)
REPOSITORY = "docker.io/team/app"

STARTED = BuildStarted(image="app", platform=ARM, engine="buildx", strategy="emulated")
STEP = BuildStep(image="app", platform=ARM, text="RUN make", done=2, total=5)
FINISHED = BuildFinished(image="app", platform=ARM, digest=BLOB.digest)
MOVED = TagMoved(repository=REPOSITORY, tag="latest", digest=BLOB.digest, status="moved")


def test_rows_follow_the_events():
    board = Board(lambda: 1.0)
    board.take(STARTED)
    board.take(STEP)
    board.take(BuildLog(image="app", platform=ARM, line="cc -o x"))
    row = board.builds["app", "linux/arm64"]
    assert (row.state, row.step, row.done, row.detail) == ("building", "RUN make", 2, "cc -o x")
    board.take(FINISHED)
    assert (row.state, row.step, row.total, row.detail) == ("done", BLOB.digest.short, 0, "")


def test_bytes_in_flight_become_bytes_that_stand():
    board = Board(lambda: 1.0)
    board.take(LoggedIn(repository=REPOSITORY))
    board.take(BlobProgress(repository=REPOSITORY, descriptor=BLOB, sent=500_000))
    row = board.pushes[REPOSITORY]
    assert (row.state, row.in_flight, row.uploaded) == ("uploading", 500_000, 0)
    board.take(BlobStored(repository=REPOSITORY, descriptor=BLOB, how="uploaded"))
    assert (row.in_flight, row.uploaded) == (0, BLOB.size)
    board.take(BlobStored(repository=REPOSITORY, descriptor=BLOB, how="mounted"))
    board.take(BlobStored(repository=REPOSITORY, descriptor=BLOB, how="present"))
    assert (row.mounted, row.present) == (BLOB.size, BLOB.size)
    board.take(MOVED)
    assert row.tags == ["latest"]
    board.take(DestinationFailed(repository=REPOSITORY, reason="denied\nsecond line"))
    assert (row.state, row.reason) == ("failed", "denied")


def test_plain_lines_say_what_happened_and_repeat_no_step():
    stream = io.StringIO()
    with PlainProgress(stream) as listen:
        for event in (STARTED, STEP, STEP, FINISHED, MOVED, Warned(text="careful")):
            listen(event)
    assert stream.getvalue().splitlines() == [
        "app linux/arm64: building with buildx (emulated)",
        "app linux/arm64: RUN make",
        f"app linux/arm64: built {BLOB.digest.short}",
        f"{REPOSITORY}:latest: moved, {BLOB.digest.short}",
        "warning: careful",
    ]


def test_quiet_shows_warnings_alone():
    stream = io.StringIO()
    with QuietProgress(stream) as listen:
        for event in (STARTED, FINISHED, Warned(text="careful")):
            listen(event)
    assert stream.getvalue() == "warning: careful\n"


def test_the_live_board_takes_data_as_data():
    """Square brackets are rich's own marks: a build's output must not become colours or errors."""
    stream = io.StringIO()
    console = make_console(stream, terminal=False, colour=False, environment={})
    with LiveProgress(console) as listen:
        listen(STARTED)
        listen(BuildLog(image="app", platform=ARM, line="[/bold][red] not markup"))
        listen(Warned(text="[/x] careful"))
    assert "[/x] careful" in stream.getvalue()
