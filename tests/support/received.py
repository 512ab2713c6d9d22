"""What registries of a test took of uploads: which blobs were stored how often, how many bytes."""

from collections import Counter
from collections.abc import Sequence
from urllib.parse import parse_qs

from polyarch.sandbox.server import RequestRecord, SandboxRegistry

STORED = 201


def stored(registries: Sequence[SandboxRegistry]) -> Counter[tuple[int, str]]:
    """How often each blob and each manifest by digest was stored, by registry."""
    return Counter(
        (number, name)
        for number, registry in enumerate(registries)
        for record in registry.requests
        if record.status == STORED and (name := _name(record))
    )


def received(registry: SandboxRegistry) -> int:
    """Bytes of blobs that came, also those of uploads that broke off."""
    return sum(r.received for r in registry.requests if "/blobs/uploads/" in r.path)


def _name(record: RequestRecord) -> str:
    if record.method in {"PUT", "POST"} and "/blobs/uploads/" in record.path:
        return parse_qs(record.query).get("digest", [""])[0]
    item = record.path.rpartition("/")[2]
    return item if record.method == "PUT" and ":" in item else ""
