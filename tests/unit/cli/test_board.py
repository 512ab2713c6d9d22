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
    Staged,
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
FAILED = DestinationFailed(repository=REPOSITORY, reason="denied")
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


def test_what_exists_is_not_built():
    stream = io.StringIO()
    with PlainProgress(stream) as listen:
        listen(BuildStarted(image="app", platform=ARM, engine="existing", strategy="existing"))
    assert stream.getvalue() == "app linux/arm64: taking an image that exists\n"


def test_a_destination_that_fails_twice_is_told_once():
    """Its tags are asked for by the plan, and its login by what publishes."""
    stream = io.StringIO()
    with PlainProgress(stream) as listen:
        listen(FAILED)
        listen(FAILED)
    assert stream.getvalue() == f"{REPOSITORY}: failed: denied\n"


def test_bytes_and_rates_stay_on_a_terminal_when_the_board_has_gone():
    stream = io.StringIO()
    console = make_console(stream, terminal=False, colour=False, environment={})
    with LiveProgress(console) as listen:
        listen(
            Staged(
                repository=REPOSITORY, uploaded=9_000_000, mounted=70, present=5_000, seconds=3.0
            )
        )
        listen(FAILED)
        listen(FAILED)
    told = "9.0 MB sent at 3.0 MB/s, 70 B mounted, 5.0 kB already there"
    assert f"{REPOSITORY}: {told}" in stream.getvalue()
    assert stream.getvalue().count(": failed: ") == 1


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
