from pathlib import Path

import pytest

from polyarch.engines.base import BuildRequest, LayerCache
from polyarch.engines.caching import (
    buildah_cache,
    buildkit_cache,
    failed_by_cache,
    not_for_buildah,
    renewed,
    without_cache,
)
from polyarch.engines.failure import Evidence
from polyarch.engines.rows import attributes, row
from polyarch.oci.platform import Platform

MAIN, TOPIC = (f"type=registry,ref=127.0.0.1:5000/app-cache:arm64.{n}" for n in ("main", "topic"))
CACHE = LayerCache(sources=(TOPIC, MAIN), targets=(f"{TOPIC},mode=max",))


def request(cache: LayerCache = CACHE, *plain_http: str) -> BuildRequest:
    return BuildRequest(
        image="app",
        platform=Platform.parse("linux/arm/v7"),
        project=Path("/p"),
        context=Path("/p"),
        dockerfile=None,
        cache=cache,
        plain_http=plain_http,
    )


def test_rows_are_read_as_they_are_written() -> None:
    fields = {"type": "local", "dest": '/a, b/"c"', "mode": "max"}
    assert row(fields) == 'type=local,"dest=/a, b/""c""",mode=max'
    assert attributes(row(fields)) == fields


def test_buildkit_takes_the_texts_and_is_told_of_plain_http() -> None:
    assert buildkit_cache(request()) == [
        "--cache-from", TOPIC,
        "--cache-from", MAIN,
        "--cache-to", f"{TOPIC},mode=max",
    ]  # fmt: skip
    plain = buildkit_cache(request(CACHE, "127.0.0.1:5000"))
    assert plain[1::2] == [
        f"{TOPIC},registry.insecure=true",
        f"{MAIN},registry.insecure=true",
        f"{TOPIC},mode=max,registry.insecure=true",
    ]


def test_buildah_takes_one_repository_for_each_platform() -> None:
    repository = "127.0.0.1:5000/app-cache-linux-arm-v7"
    assert buildah_cache(request()) == ["--cache-from", repository, "--cache-to", repository]
    assert not_for_buildah(request()) == ""


def test_buildah_does_not_pass_over_other_caches_in_silence() -> None:
    others = request(LayerCache(sources=("type=gha,scope=x",)))
    assert buildah_cache(others) == []
    assert "its cache `gha` is not used" in not_for_buildah(others)


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(step="exporting cache to registry", verdict=("ERROR: failed to solve: 403",)),
        Evidence(verdict=('ERROR: failed to solve: unknown cache exporter: "s3"',)),
        Evidence(verdict=("ERROR: Cache export is not supported for the docker driver.",)),
        Evidence(verdict=('Error: failed pushing cache to {{{"r" "x"} "d"}}: refused',)),
        Evidence(
            verdict=("Error: unable to parse value provided `r/x:t` to --cache-to: repository",)
        ),
    ],
)
def test_a_cache_that_fails_is_seen_and_done_without(evidence: Evidence) -> None:
    assert failed_by_cache(request(), evidence)
    assert not failed_by_cache(without_cache(request()), evidence)


def test_a_step_that_fails_is_the_users() -> None:
    failed = Evidence(
        step="[2/3] RUN make",
        verdict=('ERROR: failed to solve: process "/bin/sh -c make" did not complete',),
        steps=("writing cache export failed",),
    )
    assert not failed_by_cache(request(), failed)


def test_a_folder_takes_the_place_of_the_old_one_once_it_is_whole(tmp_path: Path) -> None:
    old = tmp_path / "a, b" / "arm64"
    old.mkdir(parents=True)
    (old / "stale").touch()
    text = row({"type": "local", "dest": str(old), "mode": "max"})
    for whole in (False, True):
        with renewed(request(LayerCache(targets=(text,)))) as asked:
            [target] = asked.cache.targets
            found = attributes(target)
            new = Path(found.pop("dest"))
            assert found == {"type": "local", "mode": "max"}
            assert new != old
            new.mkdir()
            if whole:
                (new / "index.json").touch()
        assert [path.name for path in old.iterdir()] == (["index.json"] if whole else ["stale"])
        assert [path.name for path in old.parent.iterdir()] == ["arm64"]
