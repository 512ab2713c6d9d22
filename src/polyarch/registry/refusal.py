"""What a refusal means: from status, codes and words to one of the typed errors.

Statuses alone mislead: GHCR's secondary rate limit is a 403, some registries say 403 for what is
absent, and others wrap a lack of rights in a 400.
"""

from polyarch.errors import (
    DeniedError,
    Exchange,
    LoginRefusedError,
    PolyarchError,
    PreconditionFailedError,
    RateLimitedError,
    RegistryUnavailableError,
    RepositoryNotFoundError,
    UnexpectedAnswerError,
    shorten,
)
from polyarch.host.mask import Mask
from polyarch.registry.call import Answer, Explain, no_explanation
from polyarch.registry.credential import Credential, default_variables
from polyarch.registry.redact import redact_url
from polyarch.registry.retry import (
    RETRYABLE,
    TOO_MANY_REQUESTS,
    Clock,
    parse_retry_after,
    speaks_of_rate_limit,
)
from polyarch.registry.wire import parse_error

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_CHANGED = 412
_MAX_WORDS = 400


class Judge:
    """Turns failed answers of one registry into errors that hold no secret."""

    def __init__(self, registry: str, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._mask = Mask()

    def keep_secret(self, *secrets: str) -> None:
        """Never let these texts into a message, should the registry echo them."""
        self._mask.learn(*secrets)

    def scrub(self, text: str) -> str:
        """A text of the registry without secrets, fit for one line."""
        return shorten(self._mask(text), _MAX_WORDS)

    def exchange(self, answer: Answer, method: str) -> Exchange:
        """What was asked and answered, as messages tell it."""
        said = parse_error(answer.body)
        return Exchange(
            registry=self._registry,
            method=method,
            url=self.scrub(redact_url(answer.url)),
            status=answer.status,
            codes=tuple(map(self._mask, said.codes)),
            words=self.scrub(said.words),
        )

    def error(
        self,
        answer: Answer,
        method: str,
        credential: Credential,
        *,
        repository: str = "",
        explain: Explain = no_explanation,
        conditional: bool = False,
    ) -> PolyarchError:
        """The error for a failed answer; `explain` is asked where general rules do not hold.

        `conditional`: the request named what it wanted to replace.
        """
        exchange = self.exchange(answer, method)
        retry_after = parse_retry_after(answer.headers.get("Retry-After"), self._clock.wall())
        if _is_rate_limit(exchange):
            return RateLimitedError(exchange, retry_after_s=retry_after)
        if exchange.status in RETRYABLE:
            reason = f"it answered {exchange.status}{exchange.said}"
            return RegistryUnavailableError(exchange, reason, retry_after_s=retry_after)
        if exchange.status == _UNAUTHORIZED:
            return _login_refused(exchange, credential)
        # Harbor says 412 of tags that never move, whatever was asked.
        immutable = "immutable" in exchange.words.lower()
        if conditional and exchange.status == _CHANGED and not immutable:
            return PreconditionFailedError(exchange)
        return explain(exchange) or _other(exchange, repository, credential)

    def nonsense(self, answer: Answer, method: str, problem: str) -> UnexpectedAnswerError:
        """The error for an answer that breaks the protocol."""
        return UnexpectedAnswerError(self.exchange(answer, method), problem)


def is_general(status: int) -> bool:
    """Whether a status means trouble of the registry itself, whatever was asked."""
    return status in RETRYABLE or status == TOO_MANY_REQUESTS


def _other(exchange: Exchange, repository: str, credential: Credential) -> PolyarchError:
    if exchange.status == _FORBIDDEN or "DENIED" in exchange.codes:
        return DeniedError(exchange, source=credential.source)
    if "NAME_UNKNOWN" in exchange.codes:
        return RepositoryNotFoundError(exchange, repository)
    return UnexpectedAnswerError(exchange, f"status {exchange.status}")


def _is_rate_limit(exchange: Exchange) -> bool:
    if exchange.status == TOO_MANY_REQUESTS or "TOOMANYREQUESTS" in exchange.codes:
        return True
    return exchange.status == _FORBIDDEN and speaks_of_rate_limit(exchange.words)


def _login_refused(exchange: Exchange, credential: Credential) -> LoginRefusedError:
    default = tuple(f"`{name}`" for name in default_variables(exchange.registry))
    return LoginRefusedError(
        exchange,
        source=credential.source,
        places=credential.places or default,
        named=credential.is_ours,
    )
