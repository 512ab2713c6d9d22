"""Start a verb, and turn whatever comes out of it into words and an exit code."""

import json
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

import click

from polyarch.cli.app import app
from polyarch.cli.documents import error_document
from polyarch.cli.environment import Surroundings
from polyarch.cli.exit_codes import ExitCode, exit_code
from polyarch.cli.text import error_lines
from polyarch.errors import InterruptedByUserError, PolyarchError, UsageError

ISSUES = "report it with the lines above, please"


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; never raises."""
    as_json = "--json" in arguments
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        code = app.main(
            args=list(arguments),
            prog_name="polyarch",
            standalone_mode=False,
            obj=Surroundings.read(),
        )
        sys.stdout.flush()
        return int(code or ExitCode.DONE)
    except (click.Abort, KeyboardInterrupt):
        return _tell(InterruptedByUserError("nothing that was published is half done"), as_json)
    except click.ClickException as error:
        return _tell(_usage(error), as_json)
    except PolyarchError as error:
        return _tell(error, as_json)
    except BrokenPipeError:
        # Whoever read our output has gone; Python must not complain about it at exit.
        sys.stdout = None
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - the last boundary: a bug is told as one
        return _bug(error, as_json)


def _tell(error: PolyarchError, as_json: bool) -> int:
    code = exit_code(error)
    print("\n".join(error_lines(error)), file=sys.stderr)
    if as_json:
        print(json.dumps(error_document(error, code), indent=2, ensure_ascii=False))
    return code


def _usage(error: click.ClickException) -> UsageError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "polyarch"
    message = error.format_message().strip().removesuffix(".")
    return UsageError(
        message[:1].lower() + message[1:],
        where="the command line",
        hint=f"`{path} --help` shows what there is",
    )


def _bug(error: Exception, as_json: bool) -> int:
    traceback.print_exception(error)
    told = PolyarchError(
        f"a bug in polyarch: {type(error).__name__}: {error}",
        where="this version of polyarch",
        hint=ISSUES,
    )
    _tell(told, as_json)
    return ExitCode.BUG


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM means what Ctrl-C means: leave nothing half done, then 130."""
    signal.raise_signal(signal.SIGINT)
