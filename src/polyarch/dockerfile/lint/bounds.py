"""How large a Dockerfile is judged: far above what any builder can build, below what would hang.

A layer is what a RUN or COPY makes, and file systems stack some hundred of them; the shell gets its
script as one argument, of at most 128 KiB (Linux, MAX_ARG_STRLEN).
"""

from polyarch.dockerfile.tree import Dockerfile, Instruction
from polyarch.errors import DockerfileTooLargeError

MAX_INSTRUCTIONS = 20_000
MAX_STAGES = 4_000
MAX_SCRIPTS = 1 << 20
"""Characters in all RUN instructions together."""


def check_bounds(file: Dockerfile) -> None:
    """Look how much there is to judge.

    Raises:
        DockerfileTooLargeError: more than what is judged.
    """
    instructions = file.instructions
    if len(instructions) > MAX_INSTRUCTIONS:
        raise DockerfileTooLargeError(file.path, f"{MAX_INSTRUCTIONS} instructions")
    if sum(one.name == "FROM" for one in instructions) > MAX_STAGES:
        raise DockerfileTooLargeError(file.path, f"{MAX_STAGES} stages")
    if sum(map(_script, instructions)) > MAX_SCRIPTS:
        raise DockerfileTooLargeError(file.path, f"{MAX_SCRIPTS} characters of scripts")


def _script(one: Instruction) -> int:
    if one.name not in {"RUN", "ONBUILD"}:
        return 0
    return len(one.arguments.text) + sum(len(each.body) for each in one.heredocs)
