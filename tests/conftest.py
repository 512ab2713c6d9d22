"""What all tests share: the real parts as fixtures, and the word about those that are missing."""

pytest_plugins = ["tests.lab.absence", "tests.lab.fixtures"]
