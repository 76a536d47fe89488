"""The operator tree: what a defining query means, apart from how it is written."""
