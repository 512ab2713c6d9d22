"""`polyarch lint`: what in a Dockerfile breaks or crawls on another architecture."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch._version import __version__
from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.forms import STDOUT, Forms
from polyarch.cli.invocation import Invocation
from polyarch.cli.linted import Manner, linted, request_of, shown
from polyarch.cli.projects import find_project
from polyarch.cli.rule_names import ALL, complete_rules
from polyarch.cli.verb import Verb
from polyarch.errors import UsageError

if TYPE_CHECKING:
    from polyarch.pipeline.lint_result import LintResult

_SEVERITIES = ("error", "warning", "perf", "info")
_FORMATS = ("text", "json", "github")
_FIXES = ("safe", "review")


class _Lint(Verb):
    """`--fix` stands alone, or with a value behind `=` and never behind a blank."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give `--fix` the value that it means by itself."""
        end = args.index("--") if "--" in args else len(args)
        told = [f"--fix={_FIXES[0]}" if word == "--fix" else word for word in args[:end]]
        return super().parse_args(ctx, [*told, *args[end:]])


@click.command("lint", cls=_Lint)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(allow_dash=True))
@click.option(
    "-p",
    "--platform",
    "platforms",
    multiple=True,
    metavar="P",
    help="Judge for this platform; repeatable, or with commas.  [default: those of the images, or"
    " the eight that official images have]",
)
@click.option(
    "--build-platform",
    metavar="P",
    help="The machine that builds.  [default: linux/amd64]",
)
@click.option("--target", metavar="STAGE", help="The stage that becomes the image, else the last.")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    shell_complete=complete_rules,
    help="Only this rule, by id or name, or a chapter as `PA2`; repeatable, or with commas.",
)
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="RULE",
    shell_complete=complete_rules,
    help="All but this rule; repeatable, or with commas.",
)
@click.option(
    "--fail-on",
    type=click.Choice(_SEVERITIES),
    default="error",
    show_default=True,
    help="End with 1 from findings as bad as this.",
)
@click.option(
    "--severity",
    "--min-severity",
    "severity",
    type=click.Choice(_SEVERITIES),
    help="Show findings as bad as this, and what fails.  [default: perf, in documents info]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="How to print: for people, as `--json`, or as annotations of GitHub Actions, which are"
    " written beside the text where that runs it.",
)
@click.option(
    "--fix",
    type=click.Choice(_FIXES),
    help="Mend what can be mended with nothing lost; `--fix=review`: also what wants to be read"
    " afterwards.",
)
@click.option(
    "--diff", is_flag=True, help="Write nothing, and print what `--fix` would change as a diff."
)
@click.option(
    "--online",
    is_flag=True,
    help="Look base images up in their registries: have they every platform, and is it real?",
)
@click.option(
    "--layout",
    "layouts",
    multiple=True,
    metavar="DIR",
    help="Look base images up in this OCI layout, by their names in it; repeatable.",
)
@click.option("--sarif", metavar="FILE", help="Write the findings as SARIF 2.1.0 too; `-`: stdout.")
@click.option(
    "--stdin-filename", metavar="NAME", help="What standard input is called, and so what it is."
)
@click.option(
    "--explain",
    metavar="RULE",
    shell_complete=complete_rules,
    help="Tell what a rule finds and why, by id or name; `all` lists the rules.",
)
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    files: tuple[str, ...],
    platforms: tuple[str, ...],
    build_platform: str | None,
    target: str | None,
    rules: tuple[str, ...],
    ignored: tuple[str, ...],
    fail_on: str,
    severity: str | None,
    form: str | None,
    fix: str | None,
    diff: bool,
    online: bool,
    layouts: tuple[str, ...],
    sarif: str | None,
    stdin_filename: str | None,
    explain: str | None,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""Tell what in Dockerfiles breaks or crawls on another architecture.

    Files that are named (Dockerfiles, compose files, bake files, GitHub workflows; `-` is standard
    input, folders are searched) are judged by their text alone. Without a name, those of the
    project are judged, each for the platforms of its images; outside a project, those below this
    folder. No engine and no network are needed.

    \b
      polyarch lint Dockerfile
      polyarch lint -p linux/arm64 --fail-on perf deploy/
      polyarch lint --explain emulated-go
    """
    as_json = as_json or form == "json"
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    if explain is not None:
        return _explain(explain, invocation)
    forms = Forms.parse(surroundings.folder, sarif=sarif, junit=None, as_json=as_json)
    request = request_of(
        platforms=platforms,
        build_platform=build_platform,
        target=target,
        rules=rules,
        ignored=ignored,
        fail_on=fail_on,
        severity=severity or ("info" if as_json or sarif == STDOUT else "perf"),
    )
    _refuse_unwritable(files, fix=fix, diff=diff)
    with linted(
        files,
        request,
        invocation,
        stdin=_stdin(files, stdin_filename),
        project=lambda: find_project(surroundings, config_file, environment),
        online=online,
        layouts=layouts,
    ) as found:
        if fix or diff:
            result = _mended(found, fix or _FIXES[0], write=not diff)
        else:
            result = found if as_json else _tried(found)
    if sarif:
        forms.put(sarif, _sarif(result))
    manner = Manner(form=form, diff=diff, take_stdout=not forms.take_stdout)
    return shown(result, invocation, manner)


def _explain(word: str, invocation: Invocation) -> int:
    from polyarch.cli.lint_rules_view import explained, listed, rules_document
    from polyarch.pipeline.lint_rules import all_rules, find_rule

    rules = all_rules() if word == ALL else (find_rule(word),)
    document = rules_document(rules)
    invocation.emit(document, lambda: listed(rules) if word == ALL else explained(rules[0]))
    return 0


def _mended(result: "LintResult", allowed: str, *, write: bool) -> "LintResult":
    from polyarch.dockerfile.lint.finding import FixClass
    from polyarch.pipeline.lint_fix import mended

    return mended(result, allow=FixClass(allowed), write=write)


def _tried(result: "LintResult") -> "LintResult":
    from polyarch.pipeline.lint_fix import tried

    return tried(result)


def _refuse_unwritable(files: tuple[str, ...], *, fix: str | None, diff: bool) -> None:
    if fix and not diff and "-" in files:
        raise UsageError(
            "standard input cannot be mended in its place",
            where="`--fix` on the command line",
            hint="`--fix --diff` prints the change, for `patch`",
        )


def _stdin(files: tuple[str, ...], name: str | None) -> tuple[bytes, str] | None:
    """What stands for `-`, and its name; nothing is read where nobody asks for it."""
    if "-" not in files:
        if name is not None:
            raise UsageError(
                "`--stdin-filename` names standard input, and nothing is read from there",
                where="the command line",
                hint="add `-` to the files",
            )
        return None
    return (sys.stdin.buffer.read() if sys.stdin else b""), name or "-"


def _sarif(result: "LintResult") -> str:
    from polyarch.pipeline.lint_sarif import lint_sarif

    return json.dumps(lint_sarif(result, version=__version__), indent=2) + "\n"
