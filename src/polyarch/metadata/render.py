"""Expressions in what is not a tag: build arguments, commands, values of labels."""

from collections.abc import Callable
from datetime import datetime

from polyarch.host.ci_event import CiEvent
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.expressions import Situation
from polyarch.metadata.template import Scope, as_is
from polyarch.metadata.version import Version


def render_text(
    template: str,
    event: CiEvent,
    version: Version,
    *,
    now: datetime,
    where: str,
    describe: str = "",
    write: Callable[[str], str] = as_is,
) -> str:
    """Work out what may stand in a text of the config.

    That is the global expressions, `{{version}}`, `{{describe}}` and `{{revision}}`, the commit's
    whole id.

    Nothing is escaped for HTML: a build argument is not a page. `where` says where the text stands,
    `write` how a result is written into it. A bare `{{date}}` or `{{commit_date}}` is written as
    `2020-01-10T00:30:00Z`.

    Raises:
        InvalidTemplateError: an expression is malformed or takes other arguments.
    """
    situation = Situation(event=event, repository=RepositoryFacts(), now=now)
    scope: Scope = {
        **situation.globals(),
        **situation.dates(bare=True),
        "version": version.main or "",
        "revision": event.sha,
        "describe": describe,
    }
    return situation.render_in(scope, template, where=where, escape=False, write=write)
