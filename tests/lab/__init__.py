"""The real parts that tests run against: engines, registries, emulators, bases and sources.

Here lives everything that fetches, builds, starts and stops a real part, and that says why one is
missing. It may not know the project under test: nothing here imports polyarch, so that no mistake
of it can hide in what it is measured with. `python -m tests.lab setup` fetches and builds,
`python -m tests.lab status` tells; fixtures in `tests/integration/conftest.py` hand the parts out.
"""
