"""Sensors: waiting for a state of a stream table."""
