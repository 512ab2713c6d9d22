"""The scripts of RUN: commands, the branches they stand in, and where each word was written.

A script is read with the grammar of bash, which holds for what Dockerfiles say to any `sh`. Nothing
is run and nothing is guessed: a word whose value only a shell can know has none.
"""
