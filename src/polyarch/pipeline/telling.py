"""Whether anybody is told of a run, and of what: a failure, a recovery, a success."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum

from polyarch.config.project import Project
from polyarch.errors import InvalidNoticeAddressError
from polyarch.host.ci_event import TAG, CiEvent, Provider
from polyarch.host.mask import Mask, secrets_in
from polyarch.net.proxy import ProxyRules
from polyarch.notify.address import Address, read_addresses
from polyarch.notify.notice import Kind, Notice, neat, neat_all
from polyarch.notify.outbox import Outbox
from polyarch.notify.send import Delivery, send_all, tracks

TAGS = "tags"
"""The line along which releases are compared: each tag is a new ref."""

_INTERRUPTED = 130


class Result(StrEnum):
    """How a run or a pipeline ended, as far as people are told."""

    GOOD = "good"
    BAD = "bad"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @classmethod
    def of_code(cls, code: int | None) -> "Result":
        """By exit code; None is a run whose end is not known."""
        if code is None:
            return cls.UNKNOWN
        return {0: cls.GOOD, _INTERRUPTED: cls.CANCELLED}.get(code, cls.BAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of other runs on the same line.

    `superseded`: whether a newer one has begun, None where nobody can say.
    """

    result: Result = Result.UNKNOWN
    superseded: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`kind` is None where nobody is told; `reason` says why, for a person who looks."""

    kind: Kind | None
    reason: str


def line_of(name: str, ref: str) -> str:
    """What results are compared along: a branch's or pull request's ref, or that of all tags."""
    return TAGS if name == "release" or ref.startswith(TAG) else ref


def silence(event: CiEvent) -> str:
    """Why a run for this event is nobody's business, empty where it is somebody's."""
    if event.simulated:
        return "its event was made up"
    if event.provider is Provider.LOCAL:
        return "no CI ran it"
    if event.is_fork:
        return "it was for a pull request from a fork"
    return ""


def decide(
    result: Result, past: Past, on: Collection[str], *, pull_request: bool = False
) -> Decision:
    """What is told; `pull_request` means that newer runs may have taken its place by rule."""
    if result is Result.UNKNOWN:
        return Decision(kind=None, reason="nothing ran")
    if result is Result.CANCELLED:
        if past.superseded or (past.superseded is None and pull_request):
            return Decision(kind=None, reason="it was cancelled: a newer run took its place")
        result = Result.BAD
    if result is Result.BAD:
        told = Kind.FAILURE if Kind.FAILURE in on else None
        return Decision(kind=told, reason="it failed")
    if past.result is Result.BAD and Kind.RECOVERY in on:
        return Decision(kind=Kind.RECOVERY, reason="it went well, and the one before had failed")
    before = "" if past.result is Result.GOOD else f"; the one before: {past.result}"
    told = Kind.SUCCESS if Kind.SUCCESS in on else None
    return Decision(kind=told, reason=f"it went well{before}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told; `wrong` are lines of the variable that are no addresses."""

    addresses: tuple[Address, ...]
    wrong: tuple[InvalidNoticeAddressError, ...]
    outbox: Outbox
    hide: Mask

    @property
    def is_empty(self) -> bool:
        """Whether nobody was named, rightly or wrongly."""
        return not (self.addresses or self.wrong)

    @property
    def keepers(self) -> tuple[Address, ...]:
        """Those that hear of every success, since something may have to be closed."""
        return tuple(filter(tracks, self.addresses))

    def tell(self, notice: Notice, addresses: Sequence[Address]) -> tuple[Delivery, ...]:
        """Send it, without any secret that is known here."""
        return send_all(cleaned(notice, self.hide), addresses, self.outbox, self.hide)


def audience_of(project: Project, environment: Mapping[str, str], now: datetime) -> Audience:
    """Who is named by the variable of `[notify]`.

    Raises:
        UnsupportedProxyError: another kind of proxy than plain HTTP.
    """
    settings = project.notify
    addresses, wrong = read_addresses(environment.get(settings.urls_env, ""))
    secret = environment.get(settings.secret_env, "").strip() if settings.secret_env else ""
    outbox = Outbox(
        now=now,
        proxies=ProxyRules.from_environment(environment),
        secret=secret,
        variables=environment,
        api=environment.get("GITHUB_API_URL", ""),
        repository=environment.get("GITHUB_REPOSITORY", ""),
    )
    hidden = (part for each in addresses for part in each.hidden)
    return Audience(
        addresses=addresses,
        wrong=wrong,
        outbox=outbox,
        hide=Mask((*hidden, secret, *secrets_in(environment, project.secret_variables))),
    )


def cleaned(notice: Notice, hide: Mask) -> Notice:
    """The notice without secrets, each text one line."""
    changed: dict[str, str | tuple[str, ...]] = {}
    for each in fields(notice):
        value = getattr(notice, each.name)
        if isinstance(value, tuple):
            changed[each.name] = neat_all(map(hide, value))
        elif isinstance(value, str) and not isinstance(value, Kind):
            changed[each.name] = neat(hide(value))
    return replace(notice, **changed)  # type: ignore[arg-type]  # each as its field is
