"""A signal that the main thread has no moment to look at is heard all the same."""

import signal
import subprocess
import sys

import pytest

# Blocked in the main thread, a signal is taken by the other one, and no wait of the main thread is
# broken off: what happens by chance where it comes just before a wait begins.
PROGRAM = """
import signal, sys, threading
from polyarch.cli.interrupts import hearing
other = threading.Event()
try:
    with hearing(lent=False):
        threading.Thread(target=other.wait, daemon=True).start()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        print("waiting", flush=True)
        threading.Event().wait()
except KeyboardInterrupt:
    print("heard", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_heard_when_another_thread_takes_it(number):
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(number)
        try:
            process.wait(timeout=20)
        finally:
            process.kill()
        assert process.stdout.read() == b"heard\n"
