"""One blob on its way: in one request or in chunks, going on where the registry says it is.

A commit whose answer was lost may have succeeded, and then the upload is gone: before anything is
sent twice the registry is asked for the blob. Sources: GoogleContainerTools/jib#4301 (lost answers,
and sessions lost with their blob); dotnet/sdk#33019 (going on after a cut).
"""

from polyarch.errors import (
    LoginRefusedError,
    PolyarchError,
    RateLimitedError,
    RegistryUnavailableError,
    UploadRefusedError,
)
from polyarch.oci.descriptor import Descriptor
from polyarch.registry.body import Body
from polyarch.registry.habits import LARGE
from polyarch.registry.kept_upload import KeptUpload
from polyarch.registry.memory import UploadMemory
from polyarch.registry.place import Place
from polyarch.registry.upload_calls import Progress, UploadCalls

_TOO_LARGE = 413
_WRONG_PLACE = 416
_GONE = 404
_MAX_RENEWED = 2
"""How many uploads are opened for one blob because the registry lost or refused the one before."""
_MAX_LOGINS = 2
"""How often a login may die under one chunk."""
_MAX_STRAYED = 4
"""How often a registry may wait for other bytes than the next before it has got further."""


class Sending:
    """Sends one blob that the repository does not hold; `run` once."""

    def __init__(
        self,
        calls: UploadCalls,
        blob: Descriptor,
        body: Body,
        *,
        memory: UploadMemory,
        on_progress: Progress,
    ) -> None:
        self._calls = calls
        self._session = calls.session
        self._habits = calls.session.habits
        self._blob = blob
        self._body = body
        self._kept = KeptUpload(memory, calls, blob)
        self._on_progress = on_progress
        self._attempts = self._session.attempts()
        self._place: Place | None = None
        self._chunk = blob.size
        self._furthest = 0
        self._renewed = 0
        self._strayed = 0
        self._logins = 0
        self._recalled = False
        self._doubtful = False

    async def run(self, place: Place | None) -> None:
        """Send until the registry has stored it; `place` is an upload that is open already.

        Raises:
            UploadRefusedError: it does not take the blob.
            RegistryError: it does not let us, or was out of reach for too long.
            ContentError: the source is absent, or its bytes are others.
        """
        try:
            if place is not None:
                self._begin(place)
            await self._recall()
            while not await self._step():
                pass
        except BaseException as error:
            await self._leave(error)
            raise
        self._kept.forget()

    async def _step(self) -> bool:
        """Send what comes next; True when the blob is stored."""
        place = self._place
        if place is None:
            place = await self._calls.open(self._blob)
            self._begin(place)
        self._choose_chunk(place.chunk_min)
        rest = self._body.part(place.next)
        closing = rest.size <= self._chunk
        try:
            if closing:
                await self._calls.close(self._blob, place, rest, self._on_progress)
                return True
            part = self._body.part(place.next, self._chunk)
            self._place = await self._calls.append(self._blob, place, part, self._on_progress)
        except (RegistryUnavailableError, RateLimitedError) as error:
            await self._session.wait(self._attempts, error)
            if isinstance(error, RateLimitedError):
                # Who has no time has taken nothing, most likely: the digest will tell.
                self._doubtful = True
                return False
            return await self._find(committed=closing)
        except LoginRefusedError:
            # The token died under the body; where a new one is no better, the next question fails.
            self._logins += 1
            if self._logins > _MAX_LOGINS:
                raise
            return await self._find(committed=False)
        except UploadRefusedError as error:
            return await self._refused(error, min(rest.size, self._chunk), closing=closing)
        await self._advance(place.next)
        return False

    async def _find(self, *, committed: bool) -> bool:
        """Find out what the registry has after an answer was lost; True when it is the blob.

        `committed`: it was asked to store the blob, and may have.
        """
        if committed and await self._calls.exists(self._blob):
            return True
        found = await self._ask()
        if found is not None:
            self._place, self._doubtful = found, True
            self._reach()
            return False
        if not committed and await self._calls.exists(self._blob):
            return True
        await self._begin_anew()
        return False

    async def _ask(self) -> Place | None:
        """Where the upload stands, if it lives and may go on."""
        place = self._place
        if place is None or not self._habits.resumes:
            return None
        try:
            found = await self._calls.ask(place)
        except UploadRefusedError:
            self._habits.resumes = False
            return None
        return found if found and found.next <= self._blob.size else None

    async def _refused(self, error: UploadRefusedError, size: int, *, closing: bool) -> bool:
        """See what helps against a refusal of `size` bytes.

        Raises:
            UploadRefusedError: nothing does.
        """
        if error.status == _TOO_LARGE:
            await self._shorten(error, size)
            return False
        if error.status == _WRONG_PLACE:
            found = await self._ask()
            if found is not None:
                if found.next == self._at:
                    self._habits.chunk_refused(size)
                    self._choose_chunk(found.chunk_min)
                self._place = found
                await self._stray(error)
                return False
        elif _is_gone(error):
            if await self._calls.exists(self._blob):
                return True
        elif not self._learns_from(error, closing=closing):
            raise error
        await self._renew(error)
        return False

    async def _shorten(self, error: UploadRefusedError, size: int) -> None:
        """Go on with less at once than `size` bytes, in the same upload where it lives.

        Raises:
            UploadRefusedError: less is not possible.
        """
        if not self._habits.too_large(size):
            raise error
        found = await self._ask()
        if found is None:
            await self._begin_anew()
        else:
            self._place, self._doubtful = found, True
        chunk_min = found.chunk_min if found else 0
        self._choose_chunk(chunk_min)
        # Each size is refused once: what it wants at least may be more than it takes.
        if self._chunk >= size:
            raise error

    def _learns_from(self, error: UploadRefusedError, *, closing: bool) -> bool:
        """Whether another upload of the blob, in another way, may be taken."""
        if self._recalled:
            self._habits.resumes = False
            return True
        if "DIGEST_INVALID" in error.codes:
            return self._doubtful
        if self._in_chunks:
            self._habits.refuse_chunks()
            return True
        return not closing

    async def _stray(self, error: PolyarchError) -> None:
        """Bear with a registry that waits for other bytes than it said, but not for ever."""
        self._strayed += 1
        if self._strayed > _MAX_STRAYED:
            self._habits.refuse_chunks()
            await self._renew(error)

    async def _renew(self, error: PolyarchError) -> None:
        if self._renewed >= _MAX_RENEWED:
            raise error
        self._renewed += 1
        await self._begin_anew()

    async def _recall(self) -> None:
        """Take up an upload of an earlier process; a failure of that costs nothing but it."""
        found = await self._kept.recall() if self._habits.resumes else None
        if found is None:
            return
        if self._place is not None:
            await self._calls.cancel(self._place.location)
        self._recalled = self._doubtful = True
        self._begin(found)

    def _begin(self, place: Place) -> None:
        self._place = place
        self._choose_chunk(place.chunk_min)
        self._reach()

    def _choose_chunk(self, asked_min: int) -> None:
        self._chunk = self._habits.chunk_size(
            self._blob.size, bytes_per_s=self._session.bytes_per_s, asked_min=asked_min
        )

    async def _begin_anew(self) -> None:
        place, self._place = self._place, None
        self._recalled = self._doubtful = False
        self._strayed = 0
        self._kept.forget()
        if place is not None:
            await self._calls.cancel(place.location)

    async def _advance(self, before: int) -> None:
        self._reach()
        if self._at <= before:
            await self._stray(self._calls.stuck(self._place.location if self._place else ""))

    def _reach(self) -> None:
        """Note how far the upload came."""
        if self._place and (self._in_chunks or self._blob.size > LARGE):
            self._kept.keep(self._place)
        if self._at > self._furthest:
            # It goes on: what was lost before says nothing of the next piece.
            self._furthest = self._at
            self._attempts = self._session.attempts()
            self._strayed = self._logins = 0

    @property
    def _at(self) -> int:
        return self._place.next if self._place else 0

    @property
    def _in_chunks(self) -> bool:
        return self._chunk < self._blob.size or self._recalled or self._at > 0

    async def _leave(self, error: BaseException) -> None:
        """Leave an upload that another process may go on with; give any other up."""
        hopeless = isinstance(error, PolyarchError) and not getattr(error, "retryable", False)
        worth_it = self._blob.size > LARGE or (self._in_chunks and self._at > 0)
        if self._place is None or (self._kept.outlives and worth_it and not hopeless):
            return
        self._kept.forget()
        await self._calls.cancel(self._place.location)


def _is_gone(error: UploadRefusedError) -> bool:
    """Whether the upload is gone, be it with its blob or without."""
    return error.status == _GONE or "BLOB_UPLOAD_UNKNOWN" in error.codes
