"""What `{{…}}` may name in rules, labels and build arguments.

An event gives the global expressions of docker/metadata-action; versions add names of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isnan

from polyarch.errors import InvalidRuleError, InvalidTemplateError, shorten
from polyarch.host.ci_event import PULL, TAG, CiEvent
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.javascript import number
from polyarch.metadata.moment import find_zone, format_date
from polyarch.metadata.template import ArgumentError, Function, Given, Scope, as_is, render

LONGEST_LINE = 300
"""Of a warning or a reason: names of refs come from outside."""

_SHORT = 7
_ALWAYS_DEFAULT = ("create", "discussion", "issues", "schedule")
"""Events that the reference takes to be about the default branch whatever their ref is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that rules are worked out from.

    `now` is the clock's time, handed in; the commit's time stands in for itself where it is known,
    else `now`. `short_sha_length` is a number as JavaScript reads it, empty for 7. `tag_prefix` is
    what stands before the version in tags of this image alone, as `server/`. `warnings` grows while
    rules are worked out.
    """

    event: CiEvent
    repository: RepositoryFacts
    now: datetime
    short_sha_length: str = ""
    tag_prefix: str = ""
    warnings: list[str] = field(default_factory=list)

    def render(self, template: str, *, where: str) -> str:
        """Work out text in which every global expression may stand.

        Raises:
            InvalidTemplateError: it cannot be worked out; `where` says where it stands.
        """
        return self.render_in(self.globals(), template, where=where)

    def render_in(
        self,
        scope: Scope,
        template: str,
        *,
        where: str,
        escape: bool = True,
        write: Callable[[str], str] = as_is,
    ) -> str:
        """Work out text in which the names of `scope` may stand; `write` as `render` has it.

        Raises:
            InvalidTemplateError: it cannot be worked out; `where` says where it stands.
        """
        if "{{" not in template:
            return template
        try:
            return render(template, scope, escape=escape, write=write)
        except InvalidTemplateError as error:
            raise InvalidTemplateError(error.template, error.reason, where=where) from error

    def globals(self) -> Scope:
        """The global expressions. They are worked out when they are named, not before."""
        event = self.event
        return {
            **self.dates(),
            "branch": _constant(lambda: event.branch or ""),
            "tag": _constant(lambda: event.tag or ""),
            "sha": _constant(self.short_sha),
            "base_ref": _constant(lambda: base_ref(event)),
            "is_default_branch": _constant(lambda: _yes(is_default_branch(event))),
            "is_not_default_branch": _constant(lambda: _yes(not is_default_branch(event))),
        }

    def dates(self, *, bare: bool = False) -> Scope:
        """`date` and `commit_date` alone; `bare`: also without a format, which is then ISO 8601."""
        return {
            "date": self._date(self.now, bare=bare),
            "commit_date": self._date(self.event.commit_time or self.now, bare=bare),
        }

    def short_sha(self) -> str:
        """The commit's id, cut as `short_sha_length` says.

        Raises:
            InvalidRuleError: that is not a number.
        """
        length = number(self.short_sha_length) if self.short_sha_length else float(_SHORT)
        if isnan(length):
            text = self.short_sha_length
            raise InvalidRuleError("length of a short sha", text, "it is not a number")
        return self.event.sha[: int(max(0.0, min(length, float(len(self.event.sha)))))]

    def warn(self, text: str) -> None:
        """Note what a person should know, in one printable line whatever it quotes."""
        self.warnings.append(shorten(text, LONGEST_LINE))

    def _date(self, time: datetime, *, bare: bool) -> Function:
        def write(given: Given) -> str:
            arguments = given.arguments or ((None,) if bare else ())
            return self._write(time, replace(given, arguments=arguments))

        return write

    def _write(self, time: datetime, given: Given) -> str:
        if len(given.arguments) != 1:
            raise ArgumentError("it takes one format, as in `'YYYYMMDD'`")
        form = given.arguments[0]
        if form and not isinstance(form, str):
            raise ArgumentError("its format is a quoted text")
        zone: object = "UTC"
        for name, value in given.named:
            if name != "tz":
                raise ArgumentError(f"it has no attribute `{name}`, only `tz`")
            zone = value
        if not (isinstance(zone, str) and zone):
            raise ArgumentError("its time zone is a quoted text")
        found = find_zone(zone)
        text = form if isinstance(form, str) else None
        if found is not None:
            return format_date(time.astimezone(found), text)
        self.warn(f"there is no time zone `{zone}`: the zone of this machine is used")
        return format_date(time.astimezone(), text, utc=False)


def base_ref(event: CiEvent) -> str:
    """The branch that a tag was pushed from, or that a pull request would go to, where told."""
    if event.ref.startswith(TAG):
        return (event.text("base_ref") or "").removeprefix("refs/heads/")
    if event.ref.startswith(PULL):
        return event.text("pull_request", "base", "ref") or ""
    return ""


def is_default_branch(event: CiEvent) -> bool:
    """Whether the reference takes the event to be about the default branch."""
    name = event.ref.removeprefix("refs/heads/")
    if not name:
        return False
    return name == event.default_branch or any(word in event.name for word in _ALWAYS_DEFAULT)


def _constant(value: Callable[[], str]) -> Function:
    """A name that takes any arguments and heeds none."""

    def give(_: Given) -> str:
        return value()

    return give


def _yes(value: bool) -> str:  # noqa: FBT001 - the value is what it is about
    return "true" if value else "false"
