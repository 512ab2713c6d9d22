"""Telling people: a notice, the addresses that it goes to, and who carries it there.

Does not know how a run works, nor when somebody is to be told: it gets plain values. An address is
a secret; nothing here says more of one than its line and its kind.
"""
