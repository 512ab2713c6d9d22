"""What rules of literals show of themselves: the first text has what they find, the second not."""

import pytest

from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.rules import RULES
from tests.support.linted import told

IDS = ("PA301", "PA302", "PA303", "PA305", "PA308", "PA311", "PA312", "PA313", "PA314")
SHOWN = [rule for rule in RULES if rule.id in IDS]


def _whole(text: str) -> str:
    return text if text.startswith("FROM") else f"FROM b\n{text}"


@pytest.mark.parametrize("rule", SHOWN, ids=lambda rule: rule.id)
def test_the_example_is_one(rule: Rule):
    found = told(_whole(rule.before), rule.id)
    assert len(found) == 1
    assert found[0].split()[1] == rule.severity.value
    assert told(_whole(rule.after), *IDS) == []
