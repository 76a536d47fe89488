-- Rows as of the last ANALYZE (-1: never), and bytes with indexes.
SELECT c.reltuples::int8, pg_catalog.pg_total_relation_size(c.oid)
FROM pg_catalog.pg_class c
WHERE c.oid = %s
