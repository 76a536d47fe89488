SELECT pg_catalog.set_config(s.name, s.value, true)
FROM ROWS FROM (
    pg_catalog.unnest(%s::pg_catalog.text[]), pg_catalog.unnest(%s::pg_catalog.text[])
) AS s (name, value)
