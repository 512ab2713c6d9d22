"""Words in, words out: the command line.

The only place that reads the environment and that prints; knows neither HTTP nor manifests.
"""
