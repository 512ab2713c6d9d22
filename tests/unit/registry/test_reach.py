import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.registry.reach import Reach, origin, reach_of, same_origin, why_unsafe

PUBLIC = "https://reg.example"


@pytest.mark.parametrize(
    ("host", "reach"),
    [
        ("ghcr.io", Reach.PUBLIC),
        ("8.8.8.8", Reach.PUBLIC),
        ("localhost", Reach.LOOPBACK),
        ("localhost.", Reach.LOOPBACK),
        ("LocalHost", Reach.LOOPBACK),
        ("169.254.169.254.", Reach.LINK_LOCAL),
        ("a.localhost", Reach.LOOPBACK),
        ("127.0.0.1", Reach.LOOPBACK),
        ("127.1", Reach.LOOPBACK),
        ("0x7f000001", Reach.LOOPBACK),
        ("2130706433", Reach.LOOPBACK),
        ("0", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("::ffff:169.254.169.254", Reach.LINK_LOCAL),
        ("169.254.169.254", Reach.LINK_LOCAL),
        ("fe80::1", Reach.LINK_LOCAL),
        ("10.0.0.1", Reach.PRIVATE),
        ("192.168.1.1", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("fd00::1", Reach.PRIVATE),
        ("2606:4700::1111", Reach.PUBLIC),
    ],
)
def test_where_a_host_is(host, reach):
    assert reach_of(host) is reach


@pytest.mark.parametrize(
    ("home", "target"),
    [
        (PUBLIC, "https://auth.example/token?service=x"),
        (PUBLIC, "https://reg.example:444/x"),
        ("https://10.0.0.1", "https://10.0.0.2/x"),
        ("https://10.0.0.1", "https://auth.example/x"),
        ("http://127.0.0.1:1", "http://127.0.0.1:2/x"),
        ("http://localhost:1", "http://[::1]:2/x"),
        ("http://reg.example", "http://auth.example/x"),
    ],
)
def test_where_a_registry_may_send_us(home, target):
    assert why_unsafe(home, target) is None


@pytest.mark.parametrize(
    ("home", "target"),
    [
        (PUBLIC, "http://auth.example/token"),
        (PUBLIC, "http://reg.example/token"),
        (PUBLIC, "https://127.0.0.1/x"),
        (PUBLIC, "https://127.1/x"),
        (PUBLIC, "https://localhost/x"),
        (PUBLIC, "https://[::1]/x"),
        (PUBLIC, "https://169.254.169.254/latest/meta-data"),
        (PUBLIC, "https://10.1.2.3/x"),
        ("https://10.0.0.1", "https://169.254.169.254/x"),
        ("https://10.0.0.1", "https://127.0.0.1/x"),
        ("http://127.0.0.1:1", "http://169.254.169.254/x"),
        (PUBLIC, "https://user:pass@auth.example/x"),
        (PUBLIC, "ftp://auth.example/x"),
        (PUBLIC, "file:///etc/passwd"),
        (PUBLIC, "/token"),
        (PUBLIC, "https://"),
        (PUBLIC, "https://a:b:c/"),
        (PUBLIC, "https://auth.example/a b"),
        (PUBLIC, "https://auth.example/\r\nX: y"),
    ],
)
def test_where_a_registry_may_not_send_us(home, target):
    assert why_unsafe(home, target)


def test_an_origin_is_scheme_host_and_port():
    assert origin("https://Reg.Example/v2/") == ("https", "reg.example", 443)
    assert same_origin("https://a/x", "https://a:443/y")
    assert not same_origin("https://a", "https://a:444")
    assert not same_origin("https://a", "http://a")
    assert not same_origin("https://a", "nonsense")


@given(st.text(max_size=60))
def test_any_target_is_judged_without_harm(text):
    why_unsafe(PUBLIC, text)
    why_unsafe(PUBLIC, f"https://{text}")
