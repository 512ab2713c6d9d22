"""Publishing as one act: stage everything by digest everywhere, then move the tags.

Knows neither the plan nor the config nor the engines: it gets indexes, where their bytes are, and
the repositories and tags that should hold them.
"""
