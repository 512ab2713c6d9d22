"""An event and rules become tags, labels and annotations, as docker/metadata-action computes them.

The reference is docker/metadata-action v6.2.0; what it takes from JavaScript and its libraries is
re-made here where Python differs. Nothing here reads a clock, an environment, a file or a network,
and nothing knows of registries or engines.
"""
