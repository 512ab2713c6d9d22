"""What a proof comes to: its exit code, and what is told of places that could not be read."""

from typing import TYPE_CHECKING

from polyarch.cli.exit_codes import ExitCode, exit_code, worst
from polyarch.cli.invocation import Invocation
from polyarch.cli.text import error_lines

if TYPE_CHECKING:
    from polyarch.pipeline.verify_result import VerifyResult


def code_of_proof(result: "VerifyResult") -> ExitCode:
    """The worst of all: what was found, and what could not be asked."""
    if result.ok:
        return ExitCode.DONE
    codes = [exit_code(error) for error in result.errors]
    if result.failed or not codes:
        codes.append(ExitCode.FAILED)
    return worst(codes)


def complain_of_proof(result: "VerifyResult", invocation: Invocation) -> None:
    """Tell each error once."""
    told = ("\n".join(error_lines(error)) for error in result.errors)
    for text in dict.fromkeys(told):
        invocation.complain(text)
