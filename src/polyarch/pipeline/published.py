"""Images of the project that are not built now: what children take from where it is published."""

import threading
from collections.abc import Sequence

from polyarch.errors import BaseNotPublishedError, RegistryError
from polyarch.events import Listener, Note
from polyarch.oci.reference import DigestReference, Reference, TagReference
from polyarch.registry.blocking import BlockingRegistries


class PublishedImages:
    """Finds each once in a run, so that all platforms of all children stand on the same.

    Safe to use from several threads.
    """

    def __init__(self, registries: BlockingRegistries, listen: Listener) -> None:
        self._registries = registries
        self._listen = listen
        self._lock = threading.Lock()
        self._found: dict[tuple[Reference, ...], Reference] = {}

    def find(self, image: str, child: str, names: Sequence[Reference]) -> Reference:
        """The first of `names` that exists, by its digest; `child` is the image that wants it.

        A registry that does not say leaves it to the engine, which may have another login: then it
        is the first of the names as it stands.

        Raises:
            BaseNotPublishedError: none of them exists.
        """
        with self._lock:
            key = tuple(names)
            if key not in self._found:
                self._found[key] = self._ask(image, child, key)
            return self._found[key]

    def _ask(self, image: str, child: str, names: tuple[Reference, ...]) -> Reference:
        for name in names:
            if isinstance(name, DigestReference):
                return name
            try:
                pinned = self._pinned(name)
            except RegistryError as error:
                told = error.message.partition("\n")[0]
                text = f"the engine looks for `{name}` itself, because we could not: {told}"
                self._listen(Note(text=text))
                return name
            if pinned is not None:
                return pinned
        raise BaseNotPublishedError(image, child, [str(name) for name in names])

    def _pinned(self, name: TagReference) -> DigestReference | None:
        remote = self._registries.remote(name.repository)
        found = self._registries.run(remote.head(name.tag))
        return name.repository.at(found.digest) if found else None
