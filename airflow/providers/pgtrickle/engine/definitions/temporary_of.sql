-- The first of these names, as SQL writes them, that is a temporary relation's; its plain name.
SELECT pg_catalog.quote_ident(c.relname)
FROM pg_catalog.unnest(%s::pg_catalog.text[]) WITH ORDINALITY AS n (name, place)
JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(n.name)
WHERE c.relpersistence = 't'
ORDER BY n.place
LIMIT 1
