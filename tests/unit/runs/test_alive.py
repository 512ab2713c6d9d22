import subprocess
import sys
from pathlib import Path

from polyarch.runs.alive import Held, is_alive

HOLD = """
import sys
from pathlib import Path
from polyarch.runs.alive import Held
held = Held(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_folder_is_alive_as_long_as_it_is_held(tmp_path: Path) -> None:
    assert not is_alive(tmp_path)
    held = Held(tmp_path)
    assert is_alive(tmp_path)
    held.release()
    held.release()
    assert not is_alive(tmp_path)
    assert not is_alive(tmp_path / "gone")


def test_a_process_that_is_killed_lets_go(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        assert is_alive(tmp_path)
        other.kill()
        other.wait()
        assert not is_alive(tmp_path)
