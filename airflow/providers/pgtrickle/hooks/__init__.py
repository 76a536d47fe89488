"""Connections to a database that holds stream tables."""
