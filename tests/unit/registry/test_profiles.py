"""Kinds of registries: found by host, overridden by name, and no claim without its source."""

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import UnknownProfileError
from polyarch.oci.reference import Repository
from polyarch.registry.profile import Profile
from polyarch.registry.profile_data import KNOWN, UNKNOWN
from polyarch.registry.profiles import PROFILES, profile_of

WORDS = {"name", "title", "hosts", "facts", "create", "region"}
"""Fields that say how a registry is called, not how it behaves."""


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("docker.io", "docker-hub"),
        ("registry-1.docker.io", "docker-hub"),
        ("ghcr.io", "ghcr"),
        ("GHCR.IO", "ghcr"),
        ("registry.cn-hangzhou.aliyuncs.com", "aliyun"),
        ("registry-vpc.cn-hangzhou.aliyuncs.com", "aliyun"),
        ("crpi-0abc.cn-beijing.personal.cr.aliyuncs.com", "aliyun"),
        ("acme-registry.cn-shanghai.cr.aliyuncs.com", "aliyun"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "ecr"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "ecr"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", "ecr"),
        ("public.ecr.aws", "ecr-public"),
        ("quay.io", "quay"),
        ("europe-west3-docker.pkg.dev", "gar"),
        ("eu.gcr.io", "gcr"),
        ("acme.azurecr.io", "azure"),
        ("registry.gitlab.com", "gitlab"),
        ("fra.ocir.io", "ocir"),
        ("ocir.us-ashburn-1.oci.oraclecloud.com", "ocir"),
        ("localhost:5000", "unknown"),
        ("127.0.0.1:5000", "unknown"),
        ("[::1]:5000", "unknown"),
        ("ghcr.io.example", "unknown"),
        ("notghcr.io", "unknown"),
        ("quay.io:443", "quay"),
    ],
)
def test_a_registry_is_known_by_its_host(host, name):
    assert profile_of(host).name == name


def test_a_name_beats_the_host():
    assert profile_of("ghcr.io", "harbor").name == "harbor"
    assert profile_of("registry.internal:5000", "zot").name == "zot"


@pytest.mark.parametrize(
    ("named", "nearest"), [("Harbour", "`harbor`"), ("aliyum", "`aliyun`"), ("", None)]
)
def test_an_unknown_name_is_told_with_the_nearest(named, nearest):
    with pytest.raises(UnknownProfileError) as caught:
        profile_of("localhost:5000", named)
    hint = caught.value.hint or ""
    assert ("did you mean" in hint) == (nearest is not None)
    assert nearest is None or hint.startswith(f"did you mean {nearest}?")
    assert "`docker-hub`" in hint


@given(st.text(max_size=80))
def test_any_text_is_some_host(host):
    assert profile_of(host).name in PROFILES


@pytest.mark.parametrize("profile", KNOWN, ids=str)
def test_whatever_differs_from_the_careful_default_has_a_source(profile: Profile):
    ours, theirs = (
        {f.name: getattr(p, f.name) for f in dataclasses.fields(p) if f.name not in WORDS}
        for p in (profile, UNKNOWN)
    )
    different = {name for name, value in ours.items() if value != theirs[name]}
    told = {fact.field for fact in profile.facts}
    assert different <= told
    assert told <= set(ours)
    assert all(re.fullmatch(r"https://[^\s]+", fact.source) for fact in profile.facts)


@pytest.mark.parametrize("profile", KNOWN, ids=str)
def test_who_wants_a_repository_to_be_made_says_how(profile: Profile):
    assert profile.must_exist == bool(profile.create)
    hint = profile.create_hint(Repository(registry="example.com", path="team/app/server"))
    assert "{" not in hint.replace('{"', "")
    assert all(host == host.lower() for host in profile.hosts)


def test_names_are_taken_once():
    assert len(PROFILES) == len(KNOWN)


@pytest.mark.parametrize(
    ("repository", "command"),
    [
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app",
            "aws ecr create-repository --repository-name team/app --region eu-west-1",
        ),
        (
            "123456789012.dkr-ecr.eu-west-1.on.aws/app",
            "aws ecr create-repository --repository-name app --region eu-west-1",
        ),
        (
            "public.ecr.aws/acme/app",
            "aws ecr-public create-repository --repository-name app --region us-east-1",
        ),
        (
            "europe-west3-docker.pkg.dev/acme/images/app",
            (
                "gcloud artifacts repositories create images --repository-format=docker "
                "--location=europe-west3 --project=acme"
            ),
        ),
        (
            "gcr.io/acme/app",
            (
                "gcloud artifacts repositories create gcr.io --repository-format=docker "
                "--location=us --project=acme"
            ),
        ),
        (
            "crpi-0abc.cn-beijing.personal.cr.aliyuncs.com/team/app",
            (
                "aliyun cr CreateNamespace --RegionId cn-beijing --InstanceId INSTANCE "
                "--NamespaceName team --AutoCreateRepo true"
            ),
        ),
        ("ghcr.io/acme/app", ""),
    ],
)
def test_the_command_that_makes_a_repository(repository, command):
    name = Repository.parse(repository)
    assert profile_of(name.registry).create_hint(name) == command


def test_harbor_makes_a_project():
    hint = PROFILES["harbor"].create_hint(Repository.parse("harbor.internal/team/app"))
    assert """-d '{"project_name": "team"}' https://harbor.internal/api/v2.0/projects""" in hint
