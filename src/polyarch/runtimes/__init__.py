"""Running programs of an image: in Docker, Podman, Buildah, bubblewrap or proot.

Knows how a program of an image is started and how it ended, not what that proves to whom.
"""
