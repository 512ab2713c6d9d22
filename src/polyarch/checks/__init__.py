"""Proofs, one module per kind of check. Never starts a program; knows no place of storage."""
