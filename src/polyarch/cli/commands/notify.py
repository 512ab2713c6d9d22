"""`polyarch notify`: the last job of a pipeline, and a test of the addresses."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.documents import error_object
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.exit_codes import ExitCode
from polyarch.cli.invocation import Invocation, read_clock
from polyarch.cli.projects import open_project
from polyarch.cli.telling import problems, sources_of, warn
from polyarch.cli.verb import Verb
from polyarch.errors import InvalidConfigError, PolyarchError

if TYPE_CHECKING:
    from polyarch.notify.notice import Kind
    from polyarch.notify.send import Delivery
    from polyarch.oci.fields import JsonObject
    from polyarch.pipeline.telling import Audience
    from polyarch.pipeline.telling_pipeline import LastJob
    from polyarch.pipeline.telling_run import Told

SCHEMA = "polyarch.notify/v1"

_STATUSES = ("failure", "success", "cancelled")


@click.command("notify", cls=Verb)
@click.option(
    "--test", is_flag=True, help="Send a test to every address, and say what became of it."
)
@click.option(
    "--needs-env",
    metavar="NAME",
    help="Tell how the jobs of a pipeline ended: the variable that holds `toJSON(needs)`.",
)
@click.option(
    "--status",
    type=click.Choice(_STATUSES),
    help="Tell how a pipeline ended, where the CI starts another job for each end.",
)
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    test: bool,
    needs_env: str | None,
    status: str | None,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""Tell people that a pipeline failed, or works again.

    `polyarch publish` does this by itself when it ends. In a pipeline of several jobs all of them
    have POLYARCH_NOTIFY=off, and a last job that always runs tells once: of a failure, of a job
    that was cancelled unless a newer run took its place, of the first success after a failure. It
    ends with 0 whether or not anybody could be reached. [notify] says what is told.

    \b
      polyarch notify --needs-env NEEDS    in GitHub Actions
      polyarch notify --status failure     in GitLab's job with `when: on_failure`
      polyarch notify --test               try the addresses; 5 where one fails

    The variable that [notify] urls-env names, POLYARCH_NOTIFY_URLS, has the addresses, one a line.
    What stands behind # stays here: secret=KEY signs, plain-http allows an address without TLS.

    \b
      https://hooks.slack.com/services/...                          Slack
      https://oapi.dingtalk.com/robot/send?access_token=T#secret=S  DingTalk
      https://open.feishu.cn/open-apis/bot/v2/hook/...#secret=S     Feishu, Lark
      https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=...      WeCom
      https://discord.com/api/webhooks/...                          Discord
      https://api.telegram.org/botTOKEN/sendMessage?chat_id=ID      Telegram
      https://....logic.azure.com/...                               Teams
      smtp://USER:PASSWORD@HOST?from=A&to=B                         mail, STARTTLS
      smtps://USER:PASSWORD@HOST?from=A&to=B                        mail, TLS
      github://OWNER/NAME?token-env=GITHUB_TOKEN                    a GitHub issue
      https://...                                                   a webhook
      slack+https://HOST/...                                        Slack's form, elsewhere
      ANY://...                                                     Apprise, polyarch[apprise]
    """
    if [test, needs_env is not None, status is not None].count(True) != 1:
        raise click.UsageError("say one of `--test`, `--needs-env NAME` and `--status`")
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    job = _job(surroundings, config_file, environment)
    if job.unread:
        warn([f"{job.unread.what}; addresses are taken from `{job.project.notify.urls_env}`"])
    if test:
        return _test(job, invocation)
    told = job.tell_of_status(status) if status else _told_of_jobs(job, str(needs_env))
    warn(problems(job.audience.wrong, told.deliveries))
    kind, reason = told.decision.kind, told.decision.reason
    _print(invocation, job.audience, told.deliveries, kind=kind, reason=reason)
    invocation.hint(f"{f'told as a {kind}' if kind else 'nobody is told of this'}: {reason}")
    return ExitCode.DONE


def _job(
    surroundings: Surroundings, config_file: Path | None, environment: str | None
) -> "LastJob":
    from polyarch.pipeline.telling import audience_of
    from polyarch.pipeline.telling_pipeline import LastJob
    from polyarch.pipeline.telling_unread import Unread, stand_in

    unread = None
    try:
        project = open_project(surroundings, config_file, environment)
    except PolyarchError as error:  # what is wrong with it fails every other job, too
        unread = Unread.of(error)
        known = isinstance(error, InvalidConfigError) and error.where
        folder = Path(known).parent if known else surroundings.folder
        project = stand_in(folder, environment)
    return LastJob(
        event=event_of(EventOptions(), surroundings, project.root),
        project=project,
        audience=audience_of(project, surroundings.environment, read_clock()),
        sources=sources_of(project, surroundings),
        unread=unread,
    )


def _told_of_jobs(job: "LastJob", variable: str) -> "Told":
    from polyarch.pipeline.telling_needs import Needs

    return job.tell_of_jobs(Needs.parse(job.sources.environment.get(variable, ""), variable))


def _test(job: "LastJob", invocation: Invocation) -> ExitCode:
    """Send a test to all; a usage error where nobody is named, 5 where one did not take it."""
    from polyarch.notify.notice import Kind

    audience = job.audience
    if audience.is_empty:
        variable = job.project.notify.urls_env
        raise click.UsageError(f"nobody is named: the variable `{variable}` is not set, or empty")
    notice = job.bare(Kind.TEST, "`polyarch notify --test`; nothing has failed")
    deliveries = audience.tell(notice, audience.addresses)
    warn(problems(audience.wrong, ()))
    _print(invocation, audience, deliveries, kind=Kind.TEST, reason="it was asked for")
    bad = audience.wrong or any(each.error for each in deliveries)
    return ExitCode.TROUBLE if bad else ExitCode.DONE


def _print(
    invocation: Invocation,
    audience: "Audience",
    deliveries: "Sequence[Delivery]",
    *,
    kind: "Kind | None",
    reason: str,
) -> None:
    invocation.emit(
        _document(kind.value if kind else None, reason, audience, deliveries),
        lambda: "\n".join(_lines(deliveries)),
    )


def _lines(deliveries: "Sequence[Delivery]") -> list[str]:
    return [
        f"{each.address.label}: {each.error.message if each.error else each.did or 'sent'}"
        for each in deliveries
    ]


def _document(
    kind: str | None, reason: str, audience: "Audience", deliveries: "Sequence[Delivery]"
) -> "JsonObject":
    return {
        "schema": SCHEMA,
        "kind": kind,
        "reason": reason,
        "addresses": [
            {
                "line": each.address.number,
                "service": each.address.service.value,
                "sent": each.error is None,
                "did": each.did or None,
                "error": error_object(each.error) if each.error else None,
            }
            for each in deliveries
        ],
        "wrong": [error_object(each) for each in audience.wrong],
    }
