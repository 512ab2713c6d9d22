"""Start a verb, and turn whatever comes out of it into words and an exit code."""

import errno
import io
import sys
import traceback
from collections.abc import Sequence

import click

from polyarch.cli.app import app
from polyarch.cli.documents import error_document, print_document
from polyarch.cli.environment import Surroundings
from polyarch.cli.exit_codes import ExitCode, exit_code
from polyarch.cli.interrupts import hear_no_more, hearing
from polyarch.cli.text import error_lines
from polyarch.cli.usage import usage_error
from polyarch.errors import InterruptedByUserError, MachineRefusedError, PolyarchError, StorageError

ISSUES = "report it with the lines above, please"

_MOVE_TAGS = frozenset({"publish", "copy"})
"""Verbs of which somebody wants to know what a tag shows after an interrupt."""

_NO_ROOM = frozenset({errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EROFS})
_NO_RIGHT = frozenset({errno.EACCES, errno.EMFILE, errno.ENAMETOOLONG, errno.ENFILE, errno.EPERM})
"""What a system call may be refused with through no fault of polyarch's."""


def run(arguments: Sequence[str], surroundings: Surroundings | None = None) -> int:
    """Run one command line and give its exit code; never raises.

    `surroundings` are those of this process unless others are handed in.
    """
    as_json = "--json" in arguments
    _mend_streams()
    with hearing(lent=surroundings is not None):
        try:
            code = app.main(
                args=list(arguments),
                prog_name="polyarch",
                standalone_mode=False,
                obj=surroundings or Surroundings.read(),
            )
            sys.stdout.flush()
            return int(code or ExitCode.DONE)
        except (click.Abort, KeyboardInterrupt) as error:
            return _interrupted(error, arguments, as_json)
        except click.exceptions.NoArgsIsHelpError as error:
            return _help(error, as_json)
        except click.ClickException as error:
            return _tell(usage_error(error), as_json)
        except PolyarchError as error:
            return _tell(error, as_json)
        except (BrokenPipeError, SystemExit):
            # Click answers a broken pipe with SystemExit. Whoever read our output has gone.
            return _gone()
        except OSError as error:
            return _refused(error, as_json)
        except Exception as error:  # noqa: BLE001 - the last boundary: a bug is told as one
            return _bug(error, as_json)


def _tell(error: PolyarchError, as_json: bool) -> int:
    code = exit_code(error)
    print("\n".join(error_lines(error)), file=sys.stderr)
    if as_json:
        print_document(error_document(error, code))
    return code


def _interrupted(error: BaseException, arguments: Sequence[str], as_json: bool) -> int:
    if isinstance(error.__cause__, EOFError):
        # Click takes the end of any file for the end of a person's input, which is never read.
        return _bug(error.__cause__, as_json)
    hear_no_more()
    moves_tags = not _MOVE_TAGS.isdisjoint(arguments)
    return _tell(InterruptedByUserError(moves_tags=moves_tags), as_json)


def _help(error: click.exceptions.NoArgsIsHelpError, as_json: bool) -> int:
    """A word is missing and nothing was said wrongly: help is the best answer."""
    if as_json:
        return _tell(usage_error(error), as_json)
    print(error.format_message(), file=sys.stderr)
    return ExitCode.USAGE


def _gone() -> int:
    sys.stdout = None  # or Python would try once more at its end, and complain
    return ExitCode.FAILED


def _refused(error: OSError, as_json: bool) -> int:
    """A seam that let one through: its words are right all the same."""
    where, reason = str(error.filename or "standard output"), error.strerror or str(error)
    told: PolyarchError
    if error.errno in _NO_ROOM:
        told = StorageError(where, reason)
    elif error.errno in _NO_RIGHT:
        told = MachineRefusedError(where, reason)
    else:
        return _bug(error, as_json)
    try:
        _tell(told, as_json)
        sys.stdout.flush()
    except OSError:
        _gone()
    return exit_code(told)


def _bug(error: Exception, as_json: bool) -> int:
    traceback.print_exception(error)
    told = PolyarchError(
        f"a bug in polyarch: {type(error).__name__}: {error}",
        where="this version of polyarch",
        hint=ISSUES,
    )
    _tell(told, as_json)
    return ExitCode.BUG


def _mend_streams() -> None:
    """Let any text be printed, and nothing where a stream was closed before we started.

    Names of files and branches may hold what the terminal's encoding has no character for. Python
    prints to stdout what is meant for a stream that is not there.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, io.StringIO())
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
