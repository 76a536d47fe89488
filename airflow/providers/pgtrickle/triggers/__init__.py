"""Triggers: waiting in the triggerer, without a worker and without blocking."""
