"""What a person can do where a registry deletes nothing over its API."""

import pytest

from polyarch.oci.reference import Repository
from polyarch.pipeline.pruning.own_way import own_way
from polyarch.registry.profile import Profile
from polyarch.registry.profile_data import KNOWN
from polyarch.registry.profiles import profile_of


@pytest.mark.parametrize("profile", KNOWN, ids=lambda each: each.name)
@pytest.mark.parametrize("path", ["app", "team/app", "team/project/app"])
def test_there_is_one_everywhere(profile: Profile, path: str):
    told = own_way(profile, Repository.parse(f"registry.example:5000/{path}"))
    assert told
    assert "{" not in told


def test_it_names_the_place():
    place = Repository.parse("ghcr.io/team/project/app")
    assert "/orgs/team/packages/container/project%2Fapp/versions/" in own_way(
        profile_of("ghcr.io"), place
    )
    other = Repository.parse("registry.example:5000/app")
    assert own_way(profile_of("registry.example:5000"), other).startswith(
        "whoever runs registry.example:5000"
    )
