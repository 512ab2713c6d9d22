"""Users by number, by a base's names, and made for images that know none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.engines.accounts import account_of
from polyarch.errors import PolyarchError, UserUnknownError

PASSWD = "root:x:0:0:root:/root:/bin/sh\nweb:x:101:102::/:/bin/false\nbroken\nweb:x:9:9::/:\n"
GROUP = "root:x:0:\nstaff:x:50:web\n"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", ""),
        ("1000", "1000"),
        ("1000:1000", "1000:1000"),
        ("web", "101:102"),
        ("web:staff", "101:50"),
        ("web:7", "101:7"),
        ("7:staff", "7:50"),
        ("root", "0:0"),
    ],
)
def test_a_base_says_which_number_a_name_has(user, expected):
    account = account_of(user, PASSWD, GROUP, where="k")
    assert (account.user, account.files) == (expected, ())


@pytest.mark.parametrize("user", ["wbe", "web:wheel", "broken"])
def test_a_name_that_the_base_lacks_is_told(user):
    with pytest.raises(UserUnknownError) as caught:
        account_of(user, PASSWD, GROUP, where="images.a.direct.user")
    assert caught.value.where == "images.a.direct.user"
    assert "by number" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("user", "number", "passwd", "group"),
    [
        ("own", "65532:65532", "own:x:65532:65532:own:/:/sbin/nologin", "own:x:65532:"),
        ("nobody", "65534:65534", "nobody:x:65534:65534:nobody:/:/sbin/nologin", "nobody:x:65534:"),
        ("app:web", "65532:65532", "app:x:65532:65532:app:/:/sbin/nologin", "web:x:65532:"),
        ("app:5", "65532:5", "app:x:65532:5:app:/:/sbin/nologin", "app:x:5:"),
    ],
)  # fmt: skip
def test_where_nobody_is_known_an_account_is_made(user, number, passwd, group):
    account = account_of(user, None, None, where="k")
    made = {str(file.path): file.content.decode().splitlines() for file in account.files}
    assert account.user == number
    assert made["/etc/passwd"] == ["root:x:0:0:root:/:/sbin/nologin", passwd]
    assert made["/etc/group"] == ["root:x:0:", group]


def test_root_has_one_line():
    account = account_of("root", None, None, where="k")
    assert account.user == "0:0"
    assert account.files[0].content == b"root:x:0:0:root:/:/sbin/nologin\n"


def test_numbers_need_no_account():
    assert account_of("65532:65532", None, None, where="k").files == ()


@given(
    st.from_regex(r"[A-Za-z0-9_]{1,8}(:[A-Za-z0-9_]{1,8})?", fullmatch=True), st.text(), st.text()
)
def test_whatever_a_base_holds_the_user_is_a_number_or_an_error(user, passwd, group):
    try:
        account = account_of(user, passwd, group, where="k")
    except PolyarchError:
        return
    assert account.user.replace(":", "").isdigit()
