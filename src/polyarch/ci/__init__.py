"""Files of CI systems and of stacks, read and written: compose, bake and workflow files.

Knows files and their words; asks no registry and starts nothing.
"""
