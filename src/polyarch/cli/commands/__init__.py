"""One module per verb: words to one call of the pipeline, and its result to words."""
