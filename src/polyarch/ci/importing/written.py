"""Expressions as they stand in texts, whatever they are worth."""

import re

EXPRESSION = re.compile(r"\$\{\{(?:[^$}]|\$(?!\{\{)|\}(?!\}))*\}\}")
"""One that ends at all; a text without any end is read once, however many begin in it."""
