"""`--parts`: where the records of parts are read, as it stands on the command line."""

import sys
from typing import TYPE_CHECKING

from polyarch.cli.environment import Surroundings
from polyarch.errors import EmptyOptionError

if TYPE_CHECKING:
    from polyarch.pipeline.records import RecordSource

STANDARD_INPUT = "-"
_VARIABLES = "env:"


def record_source(text: str, surroundings: Surroundings) -> "RecordSource":
    """Read `DIR`, `-` for standard input, or `env:PREFIX`; a folder of such a name is `./env:x`.

    Raises:
        EmptyOptionError: no folder or no prefix stands there.
    """
    from polyarch.pipeline.records import (
        MAX_TEXT_BYTES,
        RecordFolder,
        RecordText,
        RecordVariables,
    )

    if text in {"", _VARIABLES}:  # an unset variable of a script: every variable would be a record
        raise EmptyOptionError("--parts")
    if text == STANDARD_INPUT:
        return RecordText(raw=sys.stdin.buffer.read(MAX_TEXT_BYTES + 1))
    if text.startswith(_VARIABLES):
        prefix = text.removeprefix(_VARIABLES)
        return RecordVariables(variables=surroundings.environment, prefix=prefix)
    return RecordFolder(folder=surroundings.folder / text)
