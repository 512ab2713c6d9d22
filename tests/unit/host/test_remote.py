import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.host.remote import web_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/team/app.git", "https://example.org/team/app"),
        ("https://example.org/team/app/", "https://example.org/team/app"),
        ("https://user:p%40ss@example.org:8443/app.git", "https://example.org:8443/app"),
        ("https://ghp_token@example.org/team/app", "https://example.org/team/app"),
        ("https://example.org/app?private_token=x#y", "https://example.org/app"),
        ("http://example.org/app", "http://example.org/app"),
        ("git@example.org:team/app.git", "https://example.org/team/app"),
        ("example.org:team/app", "https://example.org/team/app"),
        ("ssh://git@example.org:2222/team/app.git", "https://example.org/team/app"),
        ("ssh://git@[::1]:2222/app", "https://[::1]/app"),
        ("git+ssh://example.org/app", "https://example.org/app"),
        ("git://example.org/app.git", "https://example.org/app"),
        ("HTTPS://Example.org/App", "https://example.org/App"),
    ],
)
def test_becomes_an_address_for_people(url: str, address: str) -> None:
    assert web_address(url) == address


@pytest.mark.parametrize(
    "url",
    ["", "/srv/app.git", "../app", "file:///srv/app", "C:\\app", "C:/app", "https://example.org", "https:///x",
     "ext::sh -c x", "https://[bad/x", "https://example.org:port/x", "https://exa\nmple.org/x"],
)  # fmt: skip
def test_a_path_of_this_machine_is_no_address(url: str) -> None:
    assert web_address(url) is None


@given(st.text(max_size=40), st.text(alphabet="abc:/@[]?#", max_size=20))
def test_no_password_survives(text: str, rest: str) -> None:
    web_address(text)
    address = web_address(f"https://me:hunter2@{rest}")
    assert address is None or "hunter2" not in address
