"""Telling others what became of runs and tasks."""
