"""How to reach a host: endpoints and proxies. Knows nothing of registries."""
