"""GitHub workflows run here for tests: each job's scripts, in a clone and a home of its own.

What cannot be had here is the forge itself: its runners, its token's powers, its caches. So jobs
run on this machine, a token is a word that registries of a test may or may not know, and an action
that is not in `actions` fails the test.
"""
