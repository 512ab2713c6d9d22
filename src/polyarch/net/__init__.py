"""How to reach a host: endpoints, and small JSON calls. Knows nothing of registries."""
