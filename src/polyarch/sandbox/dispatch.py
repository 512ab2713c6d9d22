"""Which request goes where, and what is asked of it first: the faults, the name, the permit."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from polyarch.sandbox import blobs, manifests, referrers, tags, uploads
from polyarch.sandbox.auth import Auth, no_token_service, unauthorized
from polyarch.sandbox.faults.apply import Faults
from polyarch.sandbox.faults.cut import Cut
from polyarch.sandbox.names import is_repository
from polyarch.sandbox.scope import NOBODY
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import LOGIN_AGAIN, SILENCE, Answer, Call, json_answer, refusal

Handler = Callable[[Call], Awaitable[Answer]]


async def _ping(_call: Call) -> Answer:
    return json_answer({})


HANDLERS: dict[Kind, dict[str, Handler]] = {
    Kind.PING: {"GET": _ping, "HEAD": _ping},
    Kind.UPLOADS: {"POST": uploads.start},
    Kind.UPLOAD: {
        "GET": uploads.status,
        "PATCH": uploads.append,
        "PUT": uploads.finish,
        "DELETE": uploads.cancel,
    },
    Kind.BLOB: {"GET": blobs.read, "HEAD": blobs.read, "DELETE": blobs.delete},
    Kind.MANIFEST: {
        "GET": manifests.read,
        "HEAD": manifests.read,
        "PUT": manifests.write,
        "DELETE": manifests.delete,
    },
    Kind.TAGS: {"GET": tags.read},
    Kind.REFERRERS: {"GET": referrers.read},
}


async def answer(call: Call, auth: Auth, faults: Faults) -> Answer:
    """The answer to one call, with all faults in it."""
    passed = await faults.early(call)
    if isinstance(passed, Call):
        passed = await _admit(passed, auth, faults)
    if isinstance(passed, Call):
        passed = await _carry_out(passed, faults)
    if passed is LOGIN_AGAIN:
        passed = auth.refuse(replace(call, permit=NOBODY), call.needs())
    if passed is SILENCE:
        passed = await faults.silence()
    return await faults.after(call, passed)


async def _carry_out(call: Call, faults: Faults) -> Answer:
    """The handler's answer, or that of the fault that cut off the body.

    Raises:
        ConnectionError: the client went away in the middle of its body.
    """
    try:
        passed = await faults.late(call)
        if isinstance(passed, Call):
            passed = await HANDLERS[passed.target.kind][passed.method](passed)
    except ConnectionError:
        faults.broken(call)
        if isinstance(call.body, Cut) and call.body.answer:
            return call.body.answer
        raise
    return passed


async def _admit(call: Call, auth: Auth, faults: Faults) -> Answer | Call:
    """The call with its permit, or the answer to one that gets no further."""
    kind = call.target.kind
    if kind is Kind.TOKEN:
        return await (_no_login(call) if faults.refuse_login else auth.token(call))
    if kind is Kind.UNKNOWN:
        return no_token_service()
    if call.repository and not is_repository(call.repository):
        return refusal("NAME_INVALID", "invalid repository name", details=(call.repository,))
    permit = NOBODY if faults.refuse_login else auth.permit(call.headers)
    call = replace(call, permit=permit)
    needed = call.needs()
    enough = permit.known if kind is Kind.PING else all(map(permit.allows, needed))
    if not enough:
        return auth.refuse(call, needed)
    if call.method not in HANDLERS[kind]:
        allowed = ("Allow", ", ".join(HANDLERS[kind]))
        return refusal("UNSUPPORTED", "the operation is unsupported", allowed)
    return call


async def _no_login(_call: Call) -> Answer:
    return unauthorized('Basic realm="sandbox token service"')
