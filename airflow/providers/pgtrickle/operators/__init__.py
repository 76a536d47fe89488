"""Operators: each is one verb on stream tables."""
