"""Watching what is published: whole, the same everywhere, fresh.

`look` asks registries, `kinds` says what each tag is, `judge` compares and is pure, `mend` copies
what one registry lacks from another that has it.
"""
