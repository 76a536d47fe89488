"""Refreshing: decide what to do, then do it."""
