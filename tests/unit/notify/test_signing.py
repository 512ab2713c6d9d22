"""Signatures, computed by another program."""

import base64
import shutil
import subprocess
from urllib.parse import unquote_plus

import pytest

from polyarch.notify.signing import dingtalk_signature, feishu_signature, webhook_signature

SECRET = "SEC0123456789abcdef"


def openssl(key: str, message: str) -> bytes:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not here")
    words = [program, "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.encode().hex()}"]
    done = subprocess.run(
        [*words, "-binary"], input=message.encode(), capture_output=True, check=True
    )
    return done.stdout


def test_dingtalk() -> None:
    wanted = openssl(SECRET, f"1767323045000\n{SECRET}")
    found = dingtalk_signature(SECRET, 1767323045000)
    assert base64.b64decode(unquote_plus(found)) == wanted
    assert not set(found) & set("+/=")


def test_feishu() -> None:
    wanted = openssl(f"1767323045\n{SECRET}", "")
    assert base64.b64decode(feishu_signature(SECRET, 1767323045)) == wanted


def test_a_webhook() -> None:
    wanted = openssl(SECRET, '1767323045.{"a": 1}').hex()
    assert webhook_signature(SECRET, "1767323045", b'{"a": 1}') == f"sha256={wanted}"
