"""What `make bench` compares does the same work, so that its figures mean something."""

import hashlib
import json
import sys
import tarfile
from pathlib import Path

import pytest

from benchmarks.clients import OURS, PEERS, Client
from benchmarks.distance import in_a_row
from benchmarks.images import Image
from benchmarks.places import Places, places
from tests.lab.absence import require
from tests.lab.commands import CommandFailedError, run
from tests.support.lines import Line

ROOT = Path(__file__).parents[2]
SMALL = Image(layers=2, layer_bytes=100_000)
ROUND_TRIP_S = 0.1


def digest_at(where: Places, reference: str) -> str:
    raw = run(
        *("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{reference}"),
        env=where.env,
    )
    return f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}"


@pytest.mark.parametrize(
    ("client", "secure"),
    [
        pytest.param(
            client,
            secure,
            id=f"{client.name or 'polyarch'}-{'TLS' if secure else 'plain'}",
            marks=() if secure or client is OURS else pytest.mark.long,
        )
        for client in (OURS, *PEERS)
        for secure in (False, True)
    ],
)
def test_every_client_copies_the_same_image(client: Client, secure: bool) -> None:
    require("registry", "skopeo", *([client.name] if client.name else []))
    (top,) = json.loads((SMALL.layout / "index.json").read_bytes())["manifests"]
    line = [Line.delaying(ROUND_TRIP_S)]
    with places(2, secure=secure, lines=line, shakes_hands=True) as where:
        taken = client.copy(SMALL, where, watch_memory=True)
        assert [digest_at(where, each) for each in where.references] == [top["digest"]] * 2
        assert taken.elapsed_s >= 3 * ROUND_TRIP_S
        assert taken.peak_bytes > 1_000_000
        assert taken.read_bytes >= SMALL.size
        assert 3 <= in_a_row(where.ways) <= sum(way.round_trips for way in where.ways)
        where.empty()
        assert not any(way.connections for way in where.ways)
        with pytest.raises(CommandFailedError, match=r"manifest unknown|name unknown|404"):
            digest_at(where, where.references[0])


@pytest.mark.parametrize("sparse", [False, True])
def test_the_same_recipe_is_the_same_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sparse: bool
) -> None:
    image = Image(layers=4, layer_bytes=3_000_000, sparse=sparse)
    made = []
    for name in ("one", "other"):
        monkeypatch.setenv("POLYARCH_LAB", str(tmp_path / name))
        blobs = image.layout / "blobs" / "sha256"
        for blob in blobs.iterdir():
            assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
        made.append(sorted(blob.name for blob in blobs.iterdir()))
        layers = [blob for blob in blobs.iterdir() if blob.stat().st_size > image.layer_bytes]
        assert len(layers) == image.layers
        for layer in layers:
            with tarfile.open(layer) as tar:
                assert [member.size for member in tar] == [image.layer_bytes]
        taken = sum(layer.stat().st_blocks * 512 for layer in layers)
        assert (taken < image.size / 2) == sparse
    assert made[0] == made[1]


def test_rows_are_listed_and_unknown_ones_refused() -> None:
    command = [sys.executable, "-m", "benchmarks"]
    listed = run(*command, "--list", cwd=ROOT)
    assert {"loopback-tls", "distance", "uplink", "thirty", "memory"} <= set(listed.split())
    with pytest.raises(CommandFailedError, match="no such row: nothing") as refused:
        run(*command, "nothing", cwd=ROOT)
    assert refused.value.status == 2
