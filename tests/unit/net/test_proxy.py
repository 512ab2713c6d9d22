import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import UnsupportedProxyError
from polyarch.net.proxy import ProxyRules

PROXIES = {"HTTP_PROXY": "http://plain:1", "https_proxy": "http://user:canary@secure:2"}


def chosen(url: str, **environment: str) -> str | None:
    return ProxyRules.from_environment(PROXIES | environment).proxy_for(url)


def test_the_scheme_of_the_target_chooses():
    assert chosen("http://reg.example/v2/") == "http://plain:1"
    assert chosen("https://reg.example/v2/") == "http://user:canary@secure:2"


def test_lower_case_wins_and_all_proxy_is_last():
    assert chosen("http://a.b/", http_proxy="http://lower:3") == "http://lower:3"
    rules = ProxyRules.from_environment({"ALL_PROXY": "all:4"})
    assert rules.proxy_for("https://a.b") == "http://all:4"
    assert ProxyRules.from_environment({}).proxy_for("https://a.b") is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.1:5000", "[::1]:5000"])
def test_this_machine_is_always_reached_directly(host):
    assert chosen(f"http://{host}/v2/") is None


@pytest.mark.parametrize(
    ("rule", "url", "direct"),
    [
        ("*", "https://a.b", True),
        ("a.b", "https://a.b", True),
        ("a.b", "https://reg.a.b", True),
        (".a.b", "https://reg.a.b", True),
        ("*.a.b", "https://reg.a.b", True),
        ("a.b", "https://xa.b", False),
        ("a.b:443", "https://a.b", True),
        ("a.b:444", "https://a.b", False),
        ("a.b:5000", "https://a.b:5000", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://ten.example", False),
        ("10.1.2.3", "https://10.1.2.3:5000", True),
        ("x, a.b ,y", "https://a.b", True),
    ],
)
def test_hosts_that_need_no_proxy(rule, url, direct):
    assert (chosen(url, NO_PROXY=rule) is None) is direct


@pytest.mark.parametrize("proxy", ["socks5://p:1", "https://p:1"])
def test_other_proxies_are_refused_and_not_ignored(proxy):
    with pytest.raises(UnsupportedProxyError) as caught:
        ProxyRules.from_environment({"HTTPS_PROXY": proxy})
    assert "HTTPS_PROXY" in caught.value.message


def test_a_proxys_password_is_not_shown():
    assert "canary" not in repr(ProxyRules.from_environment(PROXIES))


@given(st.text(max_size=40))
def test_any_rule_is_read_without_harm(text):
    rules = ProxyRules.from_environment(PROXIES | {"NO_PROXY": text})
    rules.proxy_for("https://reg.example:5000/v2/")
