"""The paths of one repository below an endpoint, and the calls that are the same everywhere.

Source: distribution-spec v1.1 "Endpoints".
"""

from dataclasses import dataclass
from urllib.parse import quote

from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """URLs of a repository; its name is checked text, so nothing in it needs quoting."""

    repository: Repository

    def manifest(self, reference: str | Digest) -> str:
        """A manifest by tag or digest."""
        return f"{self._base}/manifests/{reference}"

    def blob(self, digest: Digest) -> str:
        """A blob."""
        return f"{self._base}/blobs/{digest}"

    def referrers(self, subject: Digest) -> str:
        """What refers to a manifest."""
        return f"{self._base}/referrers/{subject}"

    def uploads(self, **parameters: str) -> str:
        """Where an upload is opened, with the parameters of a mount or an algorithm."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        return f"{self._base}/blobs/uploads/{'?' if query else ''}{query}"

    def tags(self, page: int, last: str = "") -> str:
        """A page of tags."""
        after = f"&last={quote(last, safe='')}" if last else ""
        return f"{self._base}/tags/list?n={page}{after}"

    @property
    def _base(self) -> str:
        return f"/v2/{self.repository.path}"
