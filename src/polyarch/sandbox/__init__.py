"""A whole OCI distribution server on loopback, with the quirks of real ones as switches.

It serves the tests, the demo and `--sandbox`. Read `server.py` (the HTTP face), then `dispatch.py`
(which request goes where), then the handlers: `uploads`, `blobs`, `manifests`, `tags`, `referrers`.
Quirks are in `quirks`, what they do in `faults`, whole registries as quirks in `likenesses`.
Knows nothing of polyarch's own registry client: what the client believes must not shape the server
that it is tested against.
"""
