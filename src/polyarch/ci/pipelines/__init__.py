"""Writing pipelines for CI systems: what a project needs, and the texts for each system."""
