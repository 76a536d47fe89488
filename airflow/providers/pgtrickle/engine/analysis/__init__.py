"""Facts about operator trees, derived bottom-up; no fact changes a tree."""
