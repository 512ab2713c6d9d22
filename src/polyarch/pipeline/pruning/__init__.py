"""What may go from registries: tags by the image's rules, then what nothing needs any more.

Everything is worked out from the tags that stay: what they need stays, whoever else held it.
"""
