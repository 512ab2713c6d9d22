from pathlib import Path

from polyarch.engines.node import Node
from polyarch.engines.node_hints import reach_hint


def test_an_engine_behind_certificates_is_tried_with_them():
    node = Node(name="arm", driver="docker", endpoint="tcp://box:2376", tls=Path("/srv/my tls"))
    hint = reach_hint(node)
    tried = "`DOCKER_CERT_PATH='/srv/my tls' docker --tlsverify --host tcp://box:2376 version`"
    assert hint.startswith(tried)
    assert "ca.pem, cert.pem and key.pem" in hint


def test_an_engine_that_may_want_certificates():
    node = Node(name="arm", driver="docker", endpoint="tcp://box:2376")
    assert reach_hint(node).endswith("needs `tls` under [builders.arm]")
