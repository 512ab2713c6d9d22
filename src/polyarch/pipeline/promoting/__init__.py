"""`promote`: what was proven in one environment goes to another, digests as they are.

`story.py` is the whole of it, in order.
"""
