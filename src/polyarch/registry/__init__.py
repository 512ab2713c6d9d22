"""A remote repository: blobs, manifests and tags over HTTP, with its logins.

Asynchronous. Read `client.py` (what a caller holds), `repository.py` (what it can ask), then
`session.py` (how one request is authorised, repeated and judged) and what they stand on. aiohttp is
imported by `aiohttp_transport.py` alone, and that only when the first request is sent;
`credentials.py` and what it needs is synchronous and touches no network. `blocking.py` is the
synchronous face for stores.

Knows neither plans nor engines nor the config file, nor where the bytes that it sends come from.
"""
