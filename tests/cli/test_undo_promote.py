"""`polyarch undo` of a promotion of a group, in three registries, one of them like GHCR."""

from tests.support.environments import Staged
from tests.support.released import tags_told


def test_what_was_promoted_goes_back(staged: Staged):
    staged.stage()
    before = staged.standing()
    promoted = staged.promote("@all")
    assert promoted.code == 0, promoted
    after = staged.standing()
    assert after != before
    said = staged.project.run("undo", "last", "--json", "--why", "too early")
    assert said.code == 0, said
    assert {status for _, status in tags_told(said)} == {"removed"}
    assert staged.standing() == before
    again = staged.project.run("undo", said.document["run"], "--json")
    assert again.code == 0, again
    assert staged.standing() == after
