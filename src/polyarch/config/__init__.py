"""The one file, polyarch.toml: its keys, its problems, and what it comes to for each image.

`schema` is the home of every key; `load` reads a file and answers a `Project` or every problem at
once; `merge` lays defaults, images, platforms, environment and command line over each other and
keeps where each value came from; `show`, `jsonschema` and `reference` print what that knows.

This room reads one file and returns values. It starts nothing, reads no environment, looks at no
other file and knows neither engines nor registries.
"""
