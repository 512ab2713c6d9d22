"""Build programs behind one protocol: BuildKit (docker buildx), Buildah, direct, and a fake.

An engine builds one platform of one image into an OCI layout. It knows neither the config file nor
tags, registries' clients or the other platforms of the plan.
"""
