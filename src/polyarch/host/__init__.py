"""This machine: its processes, its emulators, the source revision, and which CI it belongs to.

Knows nothing of the project's config.
"""
