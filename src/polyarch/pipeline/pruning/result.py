"""What `polyarch prune` comes to: the document `polyarch.prune/v1`."""

from collections.abc import Sequence
from dataclasses import dataclass

from polyarch.errors import PolyarchError
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.outcomes import ErrorToJson, usage_to_json
from polyarch.pipeline.pruning.choosing import Bounds
from polyarch.pipeline.pruning.values import Fate, ManifestRow, RepositoryPrune, TagRow
from polyarch.registry.quota import Usage

SCHEMA = "polyarch.prune/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneResult:
    """All repositories of the images that were asked for; `applied`: things were removed.

    `notes` say what was not known and is no reason to stop.
    """

    run: str
    applied: bool
    bounds: Bounds
    repositories: tuple[RepositoryPrune, ...]
    notes: tuple[str, ...] = ()
    usage: tuple[Usage, ...] = ()

    @property
    def going(self) -> tuple[TagRow | ManifestRow, ...]:
        """What is to be removed and still stands."""
        return tuple(row for each in self.repositories for row in each.going)

    @property
    def removed(self) -> tuple[TagRow | ManifestRow, ...]:
        """What is gone."""
        return tuple(row for each in self.repositories for row in each.removed)

    @property
    def errors(self) -> tuple[PolyarchError, ...]:
        """What kept repositories from being pruned; the same of one registry is told once."""
        found = {
            (each.error.code, _host(each)): each.error for each in self._failed() if each.error
        }
        return tuple(found.values())

    @property
    def hints(self) -> tuple[str, ...]:
        """The registries' own ways, each once."""
        return tuple(dict.fromkeys(each.hint for each in self.repositories if each.hint))

    def _failed(self) -> Sequence[RepositoryPrune]:
        return [each for each in self.repositories if each.error]

    def to_json(self, error_to_json: ErrorToJson) -> JsonObject:
        """The document."""
        names = dict.fromkeys(name for each in self.repositories for name in each.images)
        return {
            "schema": SCHEMA,
            "run": self.run,
            "applied": self.applied,
            "max_age_s": int(self.bounds.max_age.total_seconds()),
            "keep": self.bounds.keep,
            "keep_tags": list(self.bounds.keep_tags),
            "images": [{"name": name} for name in names],
            "repositories": [_repository(each, error_to_json) for each in self.repositories],
            "notes": list(self.notes),
            "usage": [usage_to_json(each) for each in self.usage],
        }


def _host(each: RepositoryPrune) -> str:
    """Where an error is told once: a registry that deletes nothing does so everywhere."""
    deletes_nothing = each.error is not None and each.error.code == "delete-unsupported"
    return each.repository.registry if deletes_nothing else str(each.repository)


def _repository(each: RepositoryPrune, error_to_json: ErrorToJson) -> JsonObject:
    return {
        "repository": str(each.repository),
        "images": list(each.images),
        "problem": each.problem or None,
        "hint": each.hint or None,
        "error": error_to_json(each.error) if each.error else None,
        "tags": [
            {
                "tag": row.tag,
                "digest": str(row.digest),
                "kind": row.kind or None,
                "old": row.old,
                "lonely": row.lonely,
                "committed": row.time.isoformat() if row.time else None,
                "status": row.fate.value,
                "reason": row.reason,
            }
            for row in each.tags
        ],
        "manifests": [
            {
                "digest": str(row.digest),
                "what": row.what,
                "status": row.fate.value,
                "reason": row.reason,
            }
            for row in each.manifests
        ],
        "removed": len(each.removed),
        "left": sum(row.fate is Fate.LEFT for row in each.going),
    }
