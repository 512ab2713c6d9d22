"""Files of CI systems and of stacks, read and written: compose files so far.

Knows files and their words; asks no registry and starts nothing.
"""
