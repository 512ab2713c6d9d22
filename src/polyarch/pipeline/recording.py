"""The record of a run that has no plan: its folder, and a world whose listener writes it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from polyarch.events import Event, Listener, RunStarted, Warned
from polyarch.pipeline.world import World
from polyarch.runs.folder import RunFolder, prepare_state
from polyarch.runs.record import Recorder


@contextmanager
def recording(world: World) -> Iterator[tuple[RunFolder, World]]:
    """Open a run's folder; what happens until the block ends stands in it.

    Raises:
        StorageError: the state folder cannot be written.
    """
    clock = world.clock or (lambda: world.now)
    run = RunFolder.create(prepare_state(world.state) / "runs", clock())
    recorder = Recorder(run.events, clock, run.push_log)
    with ExitStack() as stack:
        stack.callback(admit_gap, recorder, world.listen)
        listen = both(world.listen, recorder)
        listen(RunStarted(id=run.id, folder=str(run.path)))
        yield run, replace(world, listen=listen)


def admit_gap(recorder: Recorder, listen: Listener) -> None:
    """Say that the record is not whole, where that is so."""
    if recorder.failure:
        told = f"the record of this run is not whole: {recorder.failure.message}"
        listen(Warned(text=f"{told} ({recorder.failure.where})"))


def both(first: Listener, second: Listener) -> Listener:
    """Tell both, for as long as they can hear: a terminal that has gone must not end a run."""
    deaf: set[int] = set()

    def listen(event: Event) -> None:
        for number, listener in enumerate((first, second)):
            if number not in deaf:
                try:
                    listener(event)
                except (OSError, ValueError):  # a broken pipe, or a stream that is closed
                    deaf.add(number)

    return listen
