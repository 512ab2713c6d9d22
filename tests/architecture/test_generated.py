"""Files that are made from the code are as the code would make them now."""

from scripts.generate import GENERATED, stale_files


def test_generated_files_are_fresh():
    assert GENERATED
    assert stale_files() == [], "run `make generate`"
