"""How a registry takes uploads: what its profile says, and what it has shown in this run."""

from polyarch.registry.profile import Profile

MIB = 1024 * 1024
LARGE = 64 * MIB
"""Uploads of larger blobs are kept for another process, and may go in chunks of at least this."""
CHUNK_S = 20.0
"""How long a chunk takes, where the line is fast enough for longer ones: each costs a round trip,
and the line is idle meanwhile."""
AFTER_TOO_LARGE = 16 * MIB
"""The size of chunks once one request was too large."""
_SMALL_CHUNK = 4 * MIB
"""Who refuses even this at its right place takes no chunks (ocx-sh/ocx#237 has the number)."""
SMALLEST = 1 * MIB
"""Who takes no request of this size takes no layers."""
MAX_CHUNK = 1024 * MIB
"""A registry that wants longer chunks than this gets one request."""
SINGLE_POST = 64 * 1024
"""Larger blobs are never sent with the request that opens the upload: a refusal costs the body."""


class Habits:
    """Of one registry, shared by all its uploads; it only ever becomes more careful."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._takes_chunks = profile.chunk_max != 0
        self._too_large: int | None = None
        self._single_post = profile.single_post
        self.resumes = profile.resumable

    @property
    def takes_chunks(self) -> bool:
        """Whether uploads may go in several requests at all."""
        return self._takes_chunks

    def chunk_size(self, size: int, *, bytes_per_s: float, asked_min: int = 0) -> int:
        """How long the chunks of a blob of `size` bytes are; `size` itself for one request.

        `bytes_per_s` is how fast the line is, `asked_min` what the registry asks for.
        """
        lower = max(asked_min, self._profile.chunk_min or 0)
        wanted = self._wanted(size, bytes_per_s)
        if not self._takes_chunks or wanted is None or lower > MAX_CHUNK:
            return size
        return min(max(wanted, lower), self._profile.chunk_max or MAX_CHUNK, size)

    def too_large(self, size: int) -> bool:
        """One request with a body of `size` bytes was too large; whether a smaller one may help."""
        self._too_large = min(size, self._too_large or size)
        return self._takes_chunks and self._too_large > SMALLEST

    def chunk_refused(self, size: int) -> bool:
        """A chunk of `size` bytes was refused at its right place; whether a smaller one may help.

        Where it cannot, uploads go in one request from now on.
        """
        self._too_large = min(size, self._too_large or size)
        if size <= _SMALL_CHUNK:
            self._takes_chunks = False
        return self._takes_chunks

    def refuse_chunks(self) -> None:
        """It takes no chunks, whatever their size."""
        self._takes_chunks = False

    def try_single_post(self, size: int) -> bool:
        """Whether a small blob may go with the request that opens its upload.

        Where that is not known one blob tries, and the others go the usual way until it is done.
        """
        if size > SINGLE_POST or self._single_post is False:
            return False
        if self._single_post is None:
            self._single_post = False
            return True
        return True

    @property
    def single_post_proven(self) -> bool:
        """Whether it stored a blob that came that way, or is known to."""
        return self._single_post is True

    def single_post_worked(self) -> None:
        """It stored a blob that came that way."""
        self._single_post = True

    def _wanted(self, size: int, bytes_per_s: float) -> int | None:
        if self._too_large is not None and size >= self._too_large:
            return max(SMALLEST, min(AFTER_TOO_LARGE, self._too_large // 4))
        if self._profile.blob_max is not None and size > self._profile.blob_max:
            return min(LARGE, self._profile.blob_max)
        return max(LARGE, int(bytes_per_s * CHUNK_S)) if self._profile.chunked else None
