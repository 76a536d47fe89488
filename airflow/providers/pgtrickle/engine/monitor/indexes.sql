-- The indexes on a relation, with how often they were used.
SELECT
    c.relname::text,
    pg_catalog.pg_get_indexdef(c.oid),
    pg_catalog.pg_relation_size(c.oid)::int8,
    pg_catalog.pg_stat_get_numscans(c.oid)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = %(relation)s::oid
ORDER BY 1
