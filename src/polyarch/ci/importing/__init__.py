"""Other people's descriptions of builds, read for what a polyarch.toml can take over of them."""
