"""Numbered, forward-only migrations of the catalog."""
