import pytest

from polyarch.oci.reference import Repository
from polyarch.registry.credential import default_variables
from polyarch.registry.hostkey import best_match, normalize


@pytest.mark.parametrize(
    "key",
    [
        "https://index.docker.io/v1/",
        "index.docker.io/v1/",
        "https://index.docker.io/v1",
        "docker.io",
        "index.docker.io",
        "registry-1.docker.io",
        "https://registry-1.docker.io/v2/",
        "http://docker.io/",
    ],
)
def test_docker_hub_has_many_names(key):
    assert normalize(key) == "docker.io"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("https://GHCR.io/v2/", "ghcr.io"),
        ("ghcr.io/team/", "ghcr.io/team"),
        ("127.0.0.1:5000", "127.0.0.1:5000"),
    ],
)
def test_other_keys_lose_scheme_and_api_path(key, name):
    assert normalize(key) == name


def test_the_longest_prefix_wins_and_ends_at_a_slash():
    values = {"ghcr.io": 1, "ghcr.io/team": 2, "ghcr.io/team/app": 3, "https://ghcr.io": 4}
    found = {
        name: best_match(values, Repository.parse(name))
        for name in ("ghcr.io/team/app", "ghcr.io/team/other", "ghcr.io/teams/app", "quay.io/a/b")
    }
    assert found == {
        "ghcr.io/team/app": ("ghcr.io/team/app", 3),
        "ghcr.io/team/other": ("ghcr.io/team", 2),
        "ghcr.io/teams/app": ("ghcr.io", 1),
        "quay.io/a/b": None,
    }


@pytest.mark.parametrize(
    ("registry", "username"),
    [
        ("docker.io", "POLYARCH_DOCKER_IO_USERNAME"),
        ("localhost:5001", "POLYARCH_LOCALHOST_5001_USERNAME"),
        (
            "registry.cn-hangzhou.aliyuncs.com",
            "POLYARCH_REGISTRY_CN_HANGZHOU_ALIYUNCS_COM_USERNAME",
        ),
    ],
)
def test_default_variables_are_made_of_the_host(registry, username):
    assert default_variables(registry)[0] == username
    assert default_variables(registry)[1] == username.replace("USERNAME", "PASSWORD")
