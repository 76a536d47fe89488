"""Rewrites: operator tree to equal operator tree, one pass a module."""
