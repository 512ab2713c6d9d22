"""Reading one layer: digest, size and diffID proven while its entries stream by."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from polyarch.checks.bounds import Bounds
from polyarch.checks.entry import Entry
from polyarch.checks.names import Oddity
from polyarch.checks.tarstream import TarStream
from polyarch.content.inflate import unpacked
from polyarch.content.reader import proven_chunks
from polyarch.content.store import Fetcher
from polyarch.errors import LayerDamagedError
from polyarch.oci.descriptor import Descriptor


@dataclass(slots=True)
class LayerReading:
    """One reading of a layer; all but `layer` is true only after `entries` has ended.

    `diff_id` is the digest of what it unpacks to, `unpacked_bytes` how much that is.
    """

    store: Fetcher
    layer: Descriptor
    bounds: Bounds
    diff_id: str = ""
    unpacked_bytes: int = 0
    oddities: list[Oddity] = field(default_factory=list)
    programs: int = 0

    def entries(self) -> Iterator[Entry]:
        """All entries in order; nothing of them is proven before the iterator ended.

        Raises:
            BlobNotFoundError, SizeMismatchError, DigestMismatchError: the bytes are not those.
            LayerDamagedError: they are, and cannot be unpacked.
            LayerBoundsError: they hold more than is taken in.
        """
        with self.store.open(self.layer) as content:
            chunks = proven_chunks(self.layer, content, str(self.store))
            stream = TarStream(self._summed(chunks), self.bounds, self.oddities)
            try:
                yield from stream.entries()
            except LayerDamagedError:
                # Bytes that are not those of the digest explain any damage.
                for _ in chunks:
                    pass
                raise
            self.programs = stream.programs

    def _summed(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        checker = hashlib.sha256()
        for piece in unpacked(chunks, self.bounds.unpacked(self.layer.size)):
            checker.update(piece)
            self.unpacked_bytes += len(piece)
            yield piece
        self.diff_id = f"sha256:{checker.hexdigest()}"
