-- The sources that have a change buffer, and whether it has a page: without one there is nothing to count.
SELECT pg_catalog.substr(c.relname::text, 9)::int8, pg_catalog.pg_relation_size(c.oid) > 0
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'pgtrickle_changes' AND c.relkind = 'r' AND c.relname ~ '^changes_[0-9]+$'
