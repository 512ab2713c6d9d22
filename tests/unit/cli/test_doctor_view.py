"""One screen, on narrow and wide terminals."""

import io

import pytest
from rich.console import Console

from polyarch.cli.doctor_view import diagnosis_view, summary
from polyarch.pipeline.mending import Fix
from polyarch.pipeline.symptom import Health, Symptom

SYMPTOMS = [
    Symptom(area="engine", name="buildah", health=Health.OK, message="buildah 1.28"),
    *(
        Symptom(area="emulator", name=f"linux/a{i}", health=Health.OK, message="ran a program")
        for i in range(11)
    ),
    Symptom(
        area="disk", name="Docker", health=Health.WARNING, message="4 GB free",
        hint="`docker system prune`",
    ),
    Symptom(
        area="registry", name="h\x1b[31m", health=Health.BROKEN,
        message="`[x]` is not markup " * 12, hint="log in",
    ),
]  # fmt: skip
FIXES = [
    Fix(area="emulator", message="register QEMU", commands="x", done=True),
    Fix(area="emulator", message="only root may", commands="sudo x", done=False),
]


def drawn(width: int, symptoms: list[Symptom], fixes: list[Fix] | None = None) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, markup=False, highlight=False, emoji=False)
    console.print(diagnosis_view(symptoms, fixes))
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_cut_off_and_what_says_the_same_is_one_row(width: int) -> None:
    text = drawn(width, SYMPTOMS)
    assert max(map(len, text.splitlines())) <= width
    assert len(text.splitlines()) < 16
    words = " ".join(text.split())
    assert "linux/a7 and 3 more" in words
    assert words.count("ran a program") == 1
    assert "to mend it: `docker system prune`" in text
    assert "\x1b" not in text
    assert text.rstrip().endswith("1 broken, 1 warning")


def test_fixes_come_first() -> None:
    lines = drawn(100, SYMPTOMS, FIXES).splitlines()
    assert lines[:2] == ["done  register QEMU", "needs-root  only root may: sudo x"]
    assert drawn(100, SYMPTOMS, []).startswith("nothing to mend")


def test_a_machine_in_order() -> None:
    assert summary(SYMPTOMS[:2]) == "all is well"
