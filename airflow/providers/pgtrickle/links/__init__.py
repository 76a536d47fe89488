"""Links from a task to the pages of its stream tables."""
