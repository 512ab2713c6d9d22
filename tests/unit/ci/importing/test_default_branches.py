"""Rules that ask for the default branch: git, or whoever calls, says which it is."""

from pathlib import Path

import pytest

from polyarch.config.load import load_text
from polyarch.pipeline.init import InitRequest, Written, from_workflow

ALONE = """\
on: {push: {branches: ['**']}}
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: docker/metadata-action@v5
        id: meta
        with:
          images: team/app
          tags: |
            type=raw,value=latest,enable=${{ %s }}
      - uses: docker/build-push-action@v6
        with:
          context: .
          push: true
          platforms: linux/amd64
          tags: ${{ steps.meta.outputs.tags }}
"""
DEFAULT = "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"
GATED = "type=raw,value=latest,enable={{is_default_branch}}"


def imported(folder: Path, text: str, branch: str, repository: str = "") -> Written:
    (folder / "w.yml").write_text(text)
    request = InitRequest(
        root=folder, git=None, repository=repository, default_branch=branch, values={}
    )
    return from_workflow(folder / "w.yml", request)


@pytest.mark.parametrize("repository", ["", "team/app"])
@pytest.mark.parametrize("branch", ["main", "trunk", ""])
def test_a_rule_for_the_default_branch_is_taken_over_without_a_remote(
    tmp_path: Path, branch: str, repository: str
) -> None:
    written = imported(tmp_path, ALONE % DEFAULT, branch, repository)
    (image,) = load_text(written.text).images.values()
    assert [*image.tags] == [GATED]
    assert not [each for each in written.draft.told if each.kind.name == "LEFT"]
    assumed = [each.what for each in written.draft.told if each.kind.name == "ASSUMED"]
    assert bool(assumed) is not bool(branch)


@pytest.mark.parametrize(
    "condition",
    [
        DEFAULT,
        f"{DEFAULT} || vars.ALWAYS == 'yes'",
        f"vars.NEVER != 'yes' && {DEFAULT}",
        "vars.ALWAYS == 'yes'",
        "github.event_name == 'schedule'",
    ],
)
def test_no_rule_is_both_told_as_lost_and_written(tmp_path: Path, condition: str) -> None:
    written = imported(tmp_path, ALONE % condition, "main")
    (image,) = written.draft.images
    lost = [each for each in written.draft.told if each.kind.name == "LEFT"]
    lost = [each for each in lost if each.what.startswith("type=raw,value=latest")]
    tags = image.keys["tags"]
    assert not (lost and tags), (lost, tags)


@pytest.mark.parametrize(
    ("flavor", "expected"), [("vars.X", 1), ("false", 0), ("github.ref_type == 'tag'", 0)]
)
def test_a_flavor_that_nobody_knows_makes_no_rule(
    tmp_path: Path, flavor: str, expected: int
) -> None:
    text = (ALONE % "true").replace(
        "type=raw,value=latest,enable=${{ true }}", "type=ref,event=branch"
    )
    text = text.replace(
        "          tags: |", f"          flavor: latest=${{{{ {flavor} }}}}\n          tags: |"
    )
    written = imported(tmp_path, text, "main")
    (image,) = load_text(written.text).images.values()
    assert [*image.tags] == ["type=ref,event=branch"]
    left = [each for each in written.draft.told if each.kind.name == "LEFT"]
    assert len(left) == expected
