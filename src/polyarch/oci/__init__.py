"""The nouns of the OCI specifications, as pure values.

Digests, platforms, descriptors, manifests, indexes, configs and references, each with one parser;
what was read keeps its raw bytes. Knows neither files nor network nor clock.
"""
