-- The session's settings under which a query was typed, and where an unqualified name would go.
SELECT
    pg_catalog.current_schema(),
    pg_catalog.current_setting('search_path'),
    (
        SELECT pg_catalog.json_object_agg(s.name, pg_catalog.current_setting(s.name))
        FROM pg_catalog.unnest(%(settings)s::pg_catalog.text[]) AS s (name)
    )
