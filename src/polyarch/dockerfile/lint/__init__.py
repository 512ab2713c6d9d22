"""What in a Dockerfile breaks, lies or crawls on another architecture.

`view` lays out what rules ask for, `rules` holds them by chapter, `lint` runs them on one file and
takes away what the file itself silences.
"""
