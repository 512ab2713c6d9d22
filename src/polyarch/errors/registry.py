"""What registries refuse, and when they are out of reach."""

from collections.abc import Sequence
from dataclasses import dataclass

from polyarch.errors.base import PolyarchError, shorten


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request to a registry and its answer, fit for a message.

    `url` holds no secret any more; `status` is 0 where no answer came; `codes` and `words` are the
    registry's own.
    """

    registry: str
    method: str
    url: str
    status: int = 0
    codes: tuple[str, ...] = ()
    words: str = ""

    @property
    def said(self) -> str:
        """What the registry said about it, to go behind a message; empty where it said nothing."""
        told = ", ".join(shorten(code, 40) for code in self.codes)
        if self.words and self.words.lower() not in told.lower():
            told = f"{told}: {self.words}" if told else self.words
        return f": {shorten(told, 300)}" if told else ""

    def __str__(self) -> str:
        answer = f"answered {self.status}" if self.status else "no answer"
        return f"{self.method} {self.url} ({answer})"


class RegistryError(PolyarchError):
    """A registry could not or would not do what it was asked."""

    code = "registry"

    def __init__(self, exchange: Exchange, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, where=str(exchange), hint=hint)
        self.exchange = exchange
        self.registry = exchange.registry
        self.method = exchange.method
        self.url = exchange.url
        self.status = exchange.status
        self.codes = exchange.codes


class RegistryUnavailableError(RegistryError):
    """A registry that is down, cannot be reached, cuts off, or fails by itself.

    `retry_after_s` is what it asked to wait, in seconds.
    """

    code = "registry-unavailable"
    retryable = True

    def __init__(
        self, exchange: Exchange, reason: str, *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` cannot be used now: {reason}",
            hint="try again later; `polyarch doctor` tells whether it can be reached from here",
        )
        self.retry_after_s = retry_after_s


class RateLimitedError(RegistryError):
    """Too many requests; `retry_after_s` is the wait that the registry asked for, in seconds."""

    code = "rate-limited"
    retryable = True

    def __init__(self, exchange: Exchange, *, retry_after_s: float | None = None) -> None:
        wait = f"try again in {retry_after_s:.0f} s" if retry_after_s else "try again later"
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` takes no more requests for now{exchange.said}",
            hint=f"{wait}; logged in users have higher limits (`docker login {exchange.registry}`)",
        )
        self.retry_after_s = retry_after_s


class TlsError(RegistryError):
    """No trusted connection."""

    code = "tls"

    def __init__(self, exchange: Exchange, reason: str) -> None:
        super().__init__(
            exchange,
            f"no trusted connection to the registry `{exchange.registry}`: {shorten(reason, 200)}",
            hint=f'under `[registries."{exchange.registry}"]` set `ca` to the file of its '
            "certificate authority, or `plain-http = true` if it speaks no TLS",
        )


class LoginRefusedError(RegistryError):
    """The registry does not take these credentials, or wants some and there are none.

    `source` says where the credentials came from; `places` give them before all others, and with
    `named` have given these.
    """

    code = "login-refused"

    def __init__(
        self, exchange: Exchange, *, source: str, places: Sequence[str], named: bool = False
    ) -> None:
        names = " and ".join(places)
        advice = (
            f"mend what {names} give, which count before any `docker login`"
            if named
            else f"run `docker login {exchange.registry}`, or set {names}"
        )
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` refuses the login "
            f"(credentials: {source}){exchange.said}",
            hint=f"{advice}; `polyarch doctor` shows which login is used",
        )
        self.source = source


class DeniedError(RegistryError):
    """Logged in or not: this may not be done (rights, policy, quota)."""

    code = "denied"

    def __init__(self, exchange: Exchange, *, source: str) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` does not allow this "
            f"(credentials: {source}){exchange.said}",
            hint="check that the repository exists and that this login may write to it, and the "
            "registry's quota and policies",
        )
        self.source = source


class ManifestNotFoundError(RegistryError):
    """There is no such tag or digest."""

    code = "manifest-not-found"

    def __init__(self, exchange: Exchange, reference: str) -> None:
        super().__init__(
            exchange,
            f"`{reference}` does not exist",
            hint="check the name and the tag; a private image needs a login that may read it",
        )
        self.reference = reference


class RepositoryNotFoundError(RegistryError):
    """There is no such repository, and the registry does not make one by itself."""

    code = "repository-not-found"

    def __init__(self, exchange: Exchange, repository: str) -> None:
        super().__init__(
            exchange,
            f"the repository `{repository}` does not exist{exchange.said}",
            hint="check the name; some registries want a repository to be made before a push",
        )
        self.repository = repository


class ImmutableTagError(RegistryError):
    """A tag that the registry never lets move."""

    code = "immutable-tag"

    def __init__(self, exchange: Exchange, reference: str) -> None:
        super().__init__(
            exchange,
            f"the tag `{reference}` cannot be moved{exchange.said}",
            hint="publish under another tag, or change the registry's rule for this repository",
        )
        self.reference = reference


class PreconditionFailedError(RegistryError):
    """What was to be replaced is no longer what it was: somebody else was first (412)."""

    code = "precondition-failed"
    retryable = True

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` did not replace what somebody else has changed "
            f"meanwhile{exchange.said}",
            hint="run again: what stands there now is looked at first",
        )


class ManifestRefusedError(RegistryError):
    """The registry does not take this manifest."""

    code = "manifest-refused"

    def __init__(self, exchange: Exchange, reference: str) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` does not take the manifest "
            f"`{reference}`{exchange.said}",
            hint="it may not know this kind of manifest (attestations, indexes), or lack its blobs",
        )
        self.reference = reference


class PushesRefusedError(RegistryError):
    """The registry has no such thing as an upload."""

    code = "pushes-refused"

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` takes no pushes{exchange.said}",
            hint="it may be a mirror, or read-only while it is being cleaned; ask who runs it",
        )


class UploadRefusedError(RegistryError):
    """The registry does not take this blob."""

    code = "upload-refused"

    def __init__(self, exchange: Exchange, digest: str, size: int) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` does not take the blob `{digest}` "
            f"({size} bytes){exchange.said}",
            hint="status 413 is a size limit, of the registry or of a proxy before it; "
            "otherwise build the image again with `--force`",
        )


class DeleteUnsupportedError(RegistryError):
    """The registry does not delete this."""

    code = "delete-unsupported"

    def __init__(self, exchange: Exchange, reference: str) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` does not delete `{reference}`{exchange.said}",
            hint="deleting may be switched off there; use the registry's own tools",
        )


class UnsafeTargetError(RegistryError):
    """A registry sends us where credentials or bytes must not go."""

    code = "unsafe-target"

    def __init__(self, exchange: Exchange, kind: str, target: str, reason: str) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` names `{target}` as {kind}: {reason}",
            hint="nothing was sent there; the registry or a proxy before it is set up wrongly",
        )


class UnexpectedAnswerError(RegistryError):
    """What answers is no registry, or breaks the protocol."""

    code = "unexpected-answer"

    def __init__(self, exchange: Exchange, problem: str) -> None:
        super().__init__(
            exchange,
            f"the registry `{exchange.registry}` gives an answer that makes no sense: {problem}"
            f"{exchange.said}",
            hint="check that the name is a registry's; a proxy or portal may answer in its place",
        )
