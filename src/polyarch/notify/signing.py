"""How services want to be shown that a notice comes from who knows their secret.

Sources: open.dingtalk.com, "Custom robot access", security settings; open.feishu.cn, "Custom bot
usage guide", signature verification.
"""

import base64
import hashlib
import hmac
from urllib.parse import quote_plus


def webhook_signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 of timestamp, full stop and body, in hexadecimal digits.

    The timestamp is within, so that an old message cannot be sent again as a new one.
    """
    message = timestamp.encode() + b"." + body
    return f"sha256={_hmac(secret.encode(), message).hex()}"


def dingtalk_signature(secret: str, milliseconds: int) -> str:
    """The secret signs timestamp, new line and secret; quoted for a URL."""
    signed = _hmac(secret.encode(), f"{milliseconds}\n{secret}".encode())
    return quote_plus(base64.b64encode(signed))


def feishu_signature(secret: str, seconds: int) -> str:
    """Timestamp, new line and secret are the key, and what they sign is empty."""
    return base64.b64encode(_hmac(f"{seconds}\n{secret}".encode(), b"")).decode("ascii")


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
