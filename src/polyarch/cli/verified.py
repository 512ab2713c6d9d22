"""What a proof comes to: how it is shown, its exit code, and what is asked of compose files."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from polyarch.cli.documents import error_object
from polyarch.cli.environment import Surroundings
from polyarch.cli.exit_codes import ExitCode, exit_code, worst
from polyarch.cli.forms import Forms
from polyarch.cli.invocation import Invocation
from polyarch.cli.outcomes import tell_quotas
from polyarch.cli.places import platforms_of
from polyarch.cli.text import error_lines
from polyarch.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.pipeline.stack_result import StackResult
    from polyarch.pipeline.verify_result import VerifyResult
    from polyarch.pipeline.verify_stack import StackAsk
    from polyarch.registry.quota import Usage


def shown(
    work: "VerifyResult | StackResult",
    forms: Forms,
    invocation: Invocation,
    usage: "Sequence[Usage]",
) -> ExitCode:
    """Print a proof in every form that was asked for; gives the exit code."""
    from polyarch.pipeline.stack_result import StackResult

    result = work.result if isinstance(work, StackResult) else work

    def view() -> "RenderableType":
        from polyarch.cli import stack_tables, verify_tables
        from polyarch.findings import Severity

        if invocation.quiet:
            return verify_tables.findings_view(result, least=Severity.WARNING)
        if isinstance(work, StackResult):
            return stack_tables.stack_view(work)
        return verify_tables.verify_view(result)

    forms.write(work)
    if not forms.take_stdout:
        invocation.emit(work.to_json(error_object), view)
    complain_of_proof(result, invocation)
    tell_quotas(usage, invocation)
    return code_of_proof(result)


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


def stack_ask(
    surroundings: Surroundings,
    *,
    compose: tuple[str, ...],
    profiles: tuple[str, ...],
    env_files: tuple[str, ...],
    platforms: tuple[str, ...],
    level: str | None,
    commands: tuple[tuple[str, ...], ...],
    fail_on: str,
) -> "StackAsk":
    """What is asked of compose files; paths are from where the command was started.

    Raises:
        UsageError: no platform was named.
    """
    from polyarch.ci.compose import StackRequest
    from polyarch.findings import Severity
    from polyarch.pipeline.verify_request import Level
    from polyarch.pipeline.verify_stack import StackAsk

    if not platforms:
        raise UsageError(
            "`--compose` asks whether images have a platform, and none is named",
            where="the command line",
            hint="add `--platform linux/arm64`",
        )
    folder = surroundings.folder
    return StackAsk(
        stack=StackRequest(
            root=folder,
            files=tuple(folder / name for name in compose),
            profiles=profiles,
            env_files=tuple(folder / name for name in env_files),
            variables=surroundings.environment,
        ),
        platforms=platforms_of(platforms),
        level=Level(level or "config"),
        smoke_tests=commands,
        fail_on=Severity(fail_on),
    )
