"""What all rules together find in real Dockerfiles, where the folder with them is at hand.

Scored as the folder's own program does it, without what is only worth knowing.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.lint import lint
from polyarch.dockerfile.parse import parse
from polyarch.findings import Severity
from tests.support.linted import AMD64, EIGHT

CORPUS = Path(__file__).resolve().parents[5] / "shared" / "dockerfile" / "corpus"
FILES = sorted(CORPUS.glob("*.Dockerfile"))
MANY = 10
"""Findings from which on a rule has a percentage of its own."""

RECALL, PRECISION = 0.9, 0.95

pytestmark = pytest.mark.skipif(not FILES, reason="the corpus is not beside this checkout")


@cache
def labels() -> dict[str, dict[str, Any]]:
    whole = json.loads((CORPUS / "index.json").read_text())
    return {one["file"]: one for one in whole["files"]}


@cache
def findings(path: Path) -> tuple[LintFinding, ...]:
    file = parse(path.read_bytes().decode("utf-8", "surrogateescape"), path=path.name)
    return lint(file, platforms=EIGHT, build_platform=AMD64, target=labels()[path.name]["target"])


def due() -> Iterator[tuple[str, dict[str, Any], LintFinding | None]]:
    """Every finding that is due, with the one that was made."""
    for path in FILES:
        made = {(one.rule, one.line): one for one in findings(path)}
        for one in labels()[path.name]["findings"]:
            ids = (one["rule"], *one.get("accept", ()))
            yield (
                path.name,
                one,
                next((made[i, one["line"]] for i in ids if (i, one["line"]) in made), None),
            )


def scored() -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Right, missed and false, by rule."""
    right, missed, false = Counter[str](), Counter[str](), Counter[str]()
    for _, one, made in due():
        if one["severity"] != Severity.INFO:
            (right if made else missed)[one["rule"]] += 1
    for path in FILES:
        label = labels()[path.name]
        known = {
            (rule, one["line"])
            for one in (*label["findings"], *label["optional"])
            for rule in (one["rule"], *one.get("accept", ()))
        }
        for found in findings(path):
            if found.severity is not Severity.INFO and (found.rule, found.line) not in known:
                false[found.rule] += 1
    return right, missed, false


def test_few_are_missed_and_few_are_false():
    right, missed, false = scored()
    assert right.total() / (right.total() + missed.total()) >= RECALL, missed
    assert right.total() / (right.total() + false.total()) >= PRECISION, false


def test_few_are_missed_and_few_are_false_of_each_rule():
    right, missed, false = scored()
    for rule in right | missed:
        found, lost, wrong = right[rule], missed[rule], false[rule]
        if found + lost >= MANY:
            assert found / (found + lost) >= RECALL, rule
            assert found / (found + wrong) >= PRECISION, rule


def test_the_folders_own_program_counts_the_same(tmp_path: Path):
    results = {
        path.name: [{"rule": one.rule, "line": one.line} for one in findings(path)]
        for path in FILES
    }
    (tmp_path / "results.json").write_text(json.dumps(results))
    asked = (CORPUS / "score.py", CORPUS / "index.json", tmp_path / "results.json", "--no-info")
    command = [sys.executable, *map(str, asked)]
    out = subprocess.run(command, check=True, capture_output=True, text=True)
    (line,) = [one for one in out.stdout.splitlines() if one.startswith("all")]
    right, missed, false = (one.total() for one in scored())
    assert line.split()[1:7] == ["right", str(right), "false", str(false), "missed", str(missed)]


def test_nothing_is_safe_that_must_be_left_alone():
    wrong = [
        (name, one["rule"], one["line"])
        for name, one, made in due()
        if made and one["fix"] == "none" and made.fix is FixClass.SAFE
    ]
    assert wrong == []


def test_what_may_be_fixed_without_a_question_is():
    safe = [(name, one, made) for name, one, made in due() if made and one["fix"] == "safe"]
    found = [made for _, _, made in safe if made.fix is FixClass.SAFE]
    lost = [(name, one["rule"], one["line"]) for name, one, made in safe if made not in found]
    assert len(found) / len(safe) >= RECALL, lost


def test_what_keeps_a_fix_from_being_safe_is_said():
    for path in FILES:
        for one in findings(path):
            assert one.why_not or one.fix is FixClass.SAFE or one.severity is Severity.INFO, one


def test_what_a_file_silences_is_not_told():
    for path in FILES:
        told = {(one.rule, one.line) for one in findings(path)}
        for one in labels()[path.name]["suppressed"]:
            assert (one["rule"], one["line"]) not in told


def test_platforms_are_those_that_are_concerned():
    for name, one, made in due():
        if made and "platforms" in one:
            assert [str(each) for each in made.platforms] == one["platforms"], (name, one["rule"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_finding_has_its_place_in_the_file(path: Path):
    data = path.read_bytes()
    text = data.decode("utf-8", "surrogateescape")
    file = parse(text)
    assert str(file).encode("utf-8", "surrogateescape") == data
    first = {one.first_line: one for one in file.instructions}
    for found in findings(path):
        place = first[found.line].extent
        assert found.line == file.position(place.start).line
        assert 0 <= found.span.start <= found.span.end <= len(text)
        assert found.platforms
        assert set(found.platforms) <= set(EIGHT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_same_is_found_whatever_the_platforms_order(path: Path):
    file = parse(path.read_bytes().decode("utf-8", "surrogateescape"))
    turned = lint(file, platforms=EIGHT[::-1], build_platform=AMD64)
    assert [(one.rule, one.line, one.severity, one.fix) for one in turned] == [
        (one.rule, one.line, one.severity, one.fix) for one in findings(path)
    ]
