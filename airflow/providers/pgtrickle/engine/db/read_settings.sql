SELECT pg_catalog.current_setting(s.name) FROM pg_catalog.unnest(%s::pg_catalog.text[]) AS s (name)
