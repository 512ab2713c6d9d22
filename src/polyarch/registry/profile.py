"""What one kind of registry takes, and how it differs from the others, as a value."""

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from polyarch.net.endpoint import host_only
from polyarch.oci.reference import Repository

TagDelete = Literal["tag", "manifest", "no", "unknown"]
Referrers = Literal["api", "tag"]


class Fact(NamedTuple):
    """Why a field of a profile is what it is: in words for people, and where that is known from."""

    field: str
    says: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A kind of registry. The defaults are the careful ones, for a registry that nobody knows.

    `hosts` are patterns with `*` for any text. Sizes are in bytes. What is None is found out.

    `chunked`: large blobs go in several requests, each of `chunk_min` (but the last) to `chunk_max`
    bytes; where it is false they do so only after a blob was too large for one request, and never
    where `chunk_max` is 0. `blob_max` is what one request may hold. `resumable`: a half upload goes
    on where the registry says. `single_post`: a small blob may be sent with the request that opens
    its upload. `mount_wants_from`: a mount has to name its source. `empty_config`: manifests whose
    config is the empty descriptor are taken. `tag_delete`: what deleting a tag deletes; `unknown`
    is not tried where anything else could be lost. `referrers`: asked by the API, or kept under a
    tag. `serial_tags`: tags of one repository are moved one after the other. `must_exist`: a
    repository, or what it lies in, is made before the first push. `untagged_life_s`: seconds that a
    manifest without tag lives, None for long. `metered_reads`: each GET of a manifest counts
    against a quota. `conditional`: `If-Match` is honoured.
    """

    name: str
    title: str
    hosts: tuple[str, ...] = ()
    chunked: bool = True
    chunk_min: int | None = None
    chunk_max: int | None = None
    blob_max: int | None = None
    resumable: bool = True
    single_post: bool | None = None
    mount_wants_from: bool = True
    empty_config: bool = True
    tag_delete: TagDelete = "unknown"
    referrers: Referrers = "api"
    serial_tags: bool = True
    must_exist: bool = False
    create: str = ""
    region: str = ""
    untagged_life_s: float | None = None
    metered_reads: bool = False
    conditional: bool | None = None
    facts: tuple[Fact, ...] = ()

    @property
    def misses(self) -> str:
        """What of an image it does not take, in words; empty where it takes all."""
        if self.empty_config:
            return ""
        return f"{self.title} takes no manifest whose config is empty: such attestations stay out"

    def create_hint(self, repository: Repository) -> str:
        """The command that makes a repository here; empty where a push makes it.

        `create` is written with `{host}`, `{path}`, `{first}` (the first part of the path),
        `{rest}` (what follows), `{second}` (the first part of that) and `{region}`, which the
        pattern `region` finds in the host.
        """
        host = host_only(repository.registry)
        first, _, rest = repository.path.partition("/")
        region = re.search(self.region, host) if self.region else None
        return self.create.format(
            host=repository.registry,
            path=repository.path,
            first=first,
            rest=rest or first,
            second=rest.partition("/")[0] or first,
            region=region[1] if region else "REGION",
        )
