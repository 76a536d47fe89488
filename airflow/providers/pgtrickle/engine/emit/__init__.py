"""SQL for operator trees: the only place where query text is made."""
