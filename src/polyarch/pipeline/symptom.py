"""One thing that `polyarch doctor` looked at, and how it stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from polyarch.errors import PolyarchError
from polyarch.oci.fields import JsonObject


class Health(StrEnum):
    """`missing` is bad only where something needs it, and then it is `broken`.

    `warning`: it works, and will not for long, or not everywhere.
    """

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """`hint` is what mends it, best a command; `error` is why a registry is broken."""

    area: str
    name: str
    health: Health
    message: str
    hint: str | None = None
    error: PolyarchError | None = None

    @property
    def is_broken(self) -> bool:
        """Whether something that is needed does not work."""
        return self.health is Health.BROKEN

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.doctor/v1`."""
        return {
            "area": self.area,
            "name": self.name,
            "status": self.health.value,
            "message": self.message,
            "hint": self.hint,
        }


def late(area: str, name: str, limit_s: float) -> Symptom:
    """For what did not answer in time: it may hang for builds as well."""
    return Symptom(
        area=area,
        name=name,
        health=Health.BROKEN,
        message=f"no answer within {limit_s:g} s",
        hint="see what it waits for: an engine that hangs, a network that swallows packets",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Symptoms of one area that say the same, told once."""

    symptom: Symptom
    names: tuple[str, ...]


def folded(symptoms: Iterable[Symptom]) -> tuple[Row, ...]:
    """Rows for a screen, each where its first symptom stood."""
    rows: dict[tuple[str, ...], list[Symptom]] = {}
    for each in symptoms:
        key = (each.area, each.health.value, each.message, each.hint or "")
        rows.setdefault(key, []).append(each)
    return tuple(
        Row(symptom=found[0], names=tuple(each.name for each in found)) for found in rows.values()
    )
