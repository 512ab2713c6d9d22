"""Where buildx is to build."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from polyarch.engines.builder import builder_name
from polyarch.engines.endpoint import builder_environment, engine_builder, engine_environment
from polyarch.engines.node import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The environment that docker gets, and a builder; None is the one in use."""

    environment: Mapping[str, str]
    builder: str | None

    @classmethod
    def of(cls, node: Node, environment: Mapping[str, str]) -> Self:
        """The place that stands for a node."""
        if node.driver == "docker":
            builder = engine_builder(node, environment)
            return cls(environment=engine_environment(node, environment), builder=builder)
        return cls(environment=builder_environment(environment), builder=builder_name(node))
