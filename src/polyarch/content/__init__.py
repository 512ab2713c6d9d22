"""Where blobs live, how they are checked, how a graph of them is copied.

Synchronous store protocols and the stores of this machine: memory, OCI image layouts and archives;
and how people write where an image is. Knows nothing of HTTP, engines or the project's config, nor
what a tag means to people.
"""
