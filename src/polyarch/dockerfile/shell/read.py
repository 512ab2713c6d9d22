"""From a RUN instruction to its scripts."""

from polyarch.dockerfile.shell.script import Script
from polyarch.dockerfile.tree import Dockerfile, Instruction


def read_scripts(instruction: Instruction, file: Dockerfile) -> tuple[Script, ...]:
    """The scripts of a RUN: its arguments in the shell form, or the body of each heredoc it runs.

    A heredoc that only feeds a command (`RUN cat <<EOF > file`) is no script. The exec form gives
    one script with the one command. `SHELL` and a `#!` line that name no shell give none.
    """
    raise NotImplementedError
