"""What mends findings: exact edits of a Dockerfile's text, each checked before it is kept.

A fixer turns one finding into a `Change` or refuses with a reason. Nothing here writes files or
runs anything; what comes out is text.
"""
