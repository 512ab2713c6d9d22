"""The rules, a module for each story, in the order of their ids."""

from polyarch.dockerfile.lint.rule import Rule

RULES: tuple[Rule, ...] = ()
