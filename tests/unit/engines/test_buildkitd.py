import tomllib

from hypothesis import given
from hypothesis import strategies as st

from polyarch.engines.buildkitd import Daemon, RegistryHost, buildkitd_toml

TEXTS = st.text(st.characters(codec="utf-8"))
HOSTS = st.builds(
    RegistryHost,
    host=TEXTS,
    mirrors=st.lists(TEXTS, max_size=3).map(tuple),
    plain_http=st.booleans(),
    insecure=st.booleans(),
    ca=TEXTS,
)


def test_a_whole_file() -> None:
    hub = RegistryHost(host="docker.io", mirrors=("mirror.test", "m2.test/hub"))
    own = RegistryHost(host="reg.test:5000", plain_http=True, insecure=True, ca="/p/ca.pem")
    told = buildkitd_toml(Daemon(hosts=(hub, own), steps=4, keep="20GB"))
    assert told == (
        "[worker.oci]\n"
        "max-parallelism = 4\n"
        "gc = true\n"
        'gckeepstorage = "20GB"\n'
        '[registry."docker.io"]\n'
        'mirrors = ["mirror.test", "m2.test/hub"]\n'
        '[registry."reg.test:5000"]\n'
        "http = true\n"
        "insecure = true\n"
        'ca = ["/p/ca.pem"]\n'
    )


def test_nothing_to_say_is_no_text() -> None:
    assert buildkitd_toml(Daemon(hosts=(RegistryHost(host="ghcr.io"),))) == ""


@given(
    st.lists(HOSTS, max_size=4, unique_by=lambda host: host.host),
    st.none() | st.integers(min_value=1),
    TEXTS,
)
def test_every_value_is_read_back(hosts: list[RegistryHost], steps: int | None, keep: str) -> None:
    read = tomllib.loads(buildkitd_toml(Daemon(hosts=tuple(hosts), steps=steps, keep=keep)))
    worker = read.pop("worker", {}).get("oci", {})
    assert (worker.get("max-parallelism"), worker.get("gckeepstorage", "")) == (steps, keep)
    tables = read.pop("registry", {})
    assert read == {}
    for host in hosts:
        found = tables.get(host.host, {})
        assert tuple(found.get("mirrors", ())) == host.mirrors
        assert found.get("http", False) == host.plain_http
        assert found.get("insecure", False) == host.insecure
        assert found.get("ca", []) == ([host.ca] if host.ca else [])
