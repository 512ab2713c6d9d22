"""What a refusal means where manifests are read or written."""

from polyarch.errors import (
    Exchange,
    ImmutableTagError,
    ManifestNotFoundError,
    ManifestRefusedError,
    PolyarchError,
    RepositoryNotFoundError,
)
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.registry.call import Explain

_FORBIDDEN = 403
_NOT_FOUND = 404
_TAG_REFUSALS = frozenset({400, _FORBIDDEN, 409, 412})


def named(repository: Repository, reference: str | Digest) -> str:
    """A manifest as messages tell it."""
    separator = "@" if isinstance(reference, Digest) else ":"
    return f"{repository}{separator}{reference}"


def explain_missing(repository: Repository, reference: str | Digest) -> Explain:
    """What is refused to who reads."""

    def explain(exchange: Exchange) -> PolyarchError | None:
        if "NAME_UNKNOWN" in exchange.codes:
            return RepositoryNotFoundError(exchange, str(repository))
        if exchange.status == _NOT_FOUND:
            return ManifestNotFoundError(exchange, named(repository, reference))
        return None

    return explain


def explain_put(repository: Repository, reference: str | Digest) -> Explain:
    """What is refused to who writes."""

    def explain(exchange: Exchange) -> PolyarchError | None:
        words = exchange.words.lower()
        is_tag = isinstance(reference, str) and exchange.status in _TAG_REFUSALS
        if is_tag and ("immutable" in words or "TAG_INVALID" in exchange.codes):
            return ImmutableTagError(exchange, named(repository, reference))
        denied = exchange.status == _FORBIDDEN or "DENIED" in exchange.codes
        # AliYun says DENIED of kinds of manifests that it does not know.
        if denied and "manifest" not in words:
            return None
        if "NAME_UNKNOWN" in exchange.codes:
            return RepositoryNotFoundError(exchange, str(repository))
        return ManifestRefusedError(exchange, named(repository, reference))

    return explain
