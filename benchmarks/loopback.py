"""A large image from a layout to three registries on this machine: what the client itself costs."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.clients import OURS, Client
from benchmarks.images import Image
from benchmarks.places import Places, places
from benchmarks.processes import Taken
from benchmarks.row import Row

LARGE = Image(layers=8, layer_bytes=128 << 20)
SMALLER = Image(layers=8, layer_bytes=16 << 20)
RUNS = 3
TLS_LIMIT, PLAIN_LIMIT = 1.0, 1.15

Best = Mapping[str, Taken]


def best_of(
    clients: Sequence[Client], image: Image, where: Places, *, runs: int = RUNS
) -> dict[str, Taken]:
    """The shortest run of each client, in turn, each into empty registries."""
    best: dict[str, Taken] = {}
    for _ in range(runs):
        for client in clients:
            where.empty()
            taken = client.copy(image, where)
            if client.name not in best or taken.elapsed_s < best[client.name].elapsed_s:
                best[client.name] = taken
    return best


def fastest(best: Best) -> float:
    """Of the peers, in seconds; not a number where there is none."""
    return min((each.elapsed_s for name, each in best.items() if name), default=float("nan"))


def told(best: Best) -> str:
    """Each peer's time."""
    return ", ".join(f"{name} {each.elapsed_s:.2f}" for name, each in best.items() if name)


def over_tls(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    yield _row("TLS and tokens", TLS_LIMIT, peers, secure=True, quick=quick)


def over_plain_http(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    yield _row("plain HTTP", PLAIN_LIMIT, peers, secure=False, quick=quick)


def _row(how: str, limit: float, peers: Sequence[Client], *, secure: bool, quick: bool) -> Row:
    image = SMALLER if quick else LARGE
    size = image.size
    with places(secure=secure) as where:
        best = best_of([OURS, *peers], image, where)
        where.empty()
        image.evict()
        cold = OURS.copy(image, where)
    ours = best[""]
    reads = f"read {cold.read_bytes / size:.2f} times, {cold.disk_bytes / size:.2f} from disk"
    cpu = ", ".join(f"{name or 'ours'} {each.cpu_s:.2f}" for name, each in best.items())
    note = f"{told(best)}; {reads}; CPU: {cpu}"
    what = f"copy of {size / 1e9:.2f} GB to 3 registries, {how} / fastest"
    return Row(what, ours.elapsed_s, fastest(best), limit=limit, note=note)
