"""What all tests share: the real parts as fixtures, and the word about those that are missing."""

from hypothesis import settings

pytest_plugins = ["tests.lab.absence", "tests.lab.fixtures", "tests.support.counted"]

settings.register_profile("steady", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("steady")
