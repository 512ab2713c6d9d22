"""The words of every problem: what a person reads who made the mistake.

problems.txt holds them: a name behind `===`, a document, `---`, and the problem that is told.
"""

from pathlib import Path

import pytest

from polyarch.config.load import load_text
from polyarch.errors import InvalidConfigError
from tests.support.config_documents import MINIMAL

GOLDEN = Path(__file__).with_name("problems.txt").read_text(encoding="utf-8")


def read_cases() -> dict[str, tuple[str, str]]:
    cases = {}
    for block in GOLDEN.removeprefix("=== ").split("\n=== "):
        name, _, rest = block.partition("\n")
        text, _, expected = rest.partition("---\n")
        cases[name] = (text, expected.strip())
    return cases


CASES = read_cases()


def told(text: str) -> tuple[str, ...]:
    with pytest.raises(InvalidConfigError) as raised:
        load_text(text)
    return raised.value.problems


@pytest.mark.parametrize("case", CASES)
def test_one_problem(case: str):
    text, expected = CASES[case]
    assert told(text) == (expected,)


def test_nesting_without_end():
    assert told(f"a = {'[' * 10000}") == ("tables or lists are nested too deep",)


def test_all_problems_are_told_at_once_in_the_order_of_the_file():
    broken = [case for case in CASES.values() if case[0].startswith(MINIMAL)]
    parts = [text.replace("app", f"app{number}") for number, (text, _) in enumerate(broken)]
    tables = [part for part in parts if "\n[" not in part]
    lines = [int(problem.split("(line ")[1].split(")")[0]) for problem in told("".join(tables))]
    assert len(lines) == len(tables)
    assert lines == sorted(lines)


def test_a_secret_in_the_wrong_place_is_not_repeated():
    text = (
        MINIMAL + '[registries."ghcr.io"]\npassword-env = "ghp_s3cr3t!"\npassword = "ghp_s3cr3t!"\n'
    )
    assert not any("s3cr3t" in problem for problem in told(text))
    assert len(told(text)) == 2
