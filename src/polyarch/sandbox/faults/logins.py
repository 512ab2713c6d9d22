"""Logins that do not hold, or not for long.

Sources: google/go-containerregistry `transport/bearer.go` (token services that look at the first
scope alone); docker/buildx#324 and others of PROTOCOL 1.2 (tokens that end during a push).
"""

from dataclasses import replace
from urllib.parse import parse_qs, urlencode

from multidict import MultiDict

from polyarch.sandbox.auth import denied
from polyarch.sandbox.faults.seen import Seen
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import LOGIN_AGAIN, Answer, Buffered, Call


async def rejects_login(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """As S3 has it: a signature in the URL and a login are one too many (oras-java#334)."""
    if not quirks.rejects_authorization or "Authorization" not in call.headers:
        return None
    return Answer(status=400, body=b"<Error><Code>InvalidArgument</Code></Error>")


async def token_used_up(quirks: Quirks, call: Call, seen: Seen) -> Answer | None:
    """401 for a token that was used often enough."""
    login = call.headers.get("Authorization", "")
    if quirks.token_uses is None or not login.lower().startswith("bearer "):
        return None
    return None if seen.among_first(quirks.token_uses, f"token {login}") else LOGIN_AGAIN


async def first_scope(quirks: Quirks, call: Call, _seen: Seen) -> Call | None:
    """The request for a token as such a service reads it, in its query or its form."""
    if not quirks.first_scope_only or call.target.kind is not Kind.TOKEN:
        return None
    asked = " ".join(call.query.getall("scope", ())).split()
    query = MultiDict((name, value) for name, value in call.query.items() if name != "scope")
    query.extend(("scope", scope) for scope in asked[:1])
    sent = b"".join([block async for block in call.body.blocks()])
    form = {name: values[0] for name, values in parse_qs(sent.decode()).items()}
    if "scope" in form:
        form["scope"] = form["scope"].partition(" ")[0]
    return replace(call, query=query, body=Buffered(urlencode(form).encode()))


async def not_permitted(quirks: Quirks, call: Call, _seen: Seen) -> Answer | None:
    """403 for the actions that are denied to all."""
    refused = tuple(scope for scope in call.needs() if scope.actions & quirks.denied_actions)
    return denied(refused) if refused else None
