"""What the keys of one builder say of each other: not every driver of buildx can follow each.

Source: docker/buildx, the factories in driver/ and docs/reference/buildx_create.md.
"""

from collections.abc import Iterator, Mapping

from polyarch.config.problem import Problem

Values = Mapping[str, object]

_PLACE = "builders"
_STARTED = ("image", "network", "driver-opts", "max-parallelism", "keep-storage")
"""What only a BuildKit can have that a driver starts."""
_REACHED = tuple(key for key in _STARTED if key != "driver-opts")


def builder_problems(name: str, table: Values) -> Iterator[Problem]:
    """Every key of one `[builders.X]` that its driver would not heed."""
    driver, endpoint = table.get("driver"), str(table.get("endpoint", ""))
    if "tls" in table and not endpoint.startswith("tcp://"):
        yield _problem(
            name,
            "tls",
            "certificates are for an endpoint as `tcp://host:2376`; a Docker context has its own",
        )
    match driver:
        case "docker":
            yield from _unheeded(name, table, _STARTED, "takes the Engine's own BuildKit")
        case "remote":
            yield from _unheeded(name, table, _REACHED, "starts no BuildKit")
            if "://" not in endpoint:
                yield _problem(
                    name,
                    "endpoint" if endpoint else "driver",
                    "the driver `remote` needs the address of a BuildKit:"
                    ' `endpoint = "tcp://HOST:1234"` (or unix://, ssh://)',
                )
        case "kubernetes" if endpoint:
            yield _problem(
                name,
                "endpoint",
                "the driver `kubernetes` has no endpoint: the cluster is the one of KUBECONFIG,"
                " and `driver-opts` name the namespace",
            )


def _unheeded(name: str, table: Values, keys: tuple[str, ...], why: str) -> Iterator[Problem]:
    for key in keys:
        if key in table:
            yield _problem(
                name,
                key,
                f"the driver `{table['driver']}` {why}, so that nothing heeds this key; leave it"
                ' out, or set `driver = "docker-container"`',
            )


def _problem(name: str, key: str, message: str) -> Problem:
    return Problem(path=(_PLACE, name, key), message=message)
