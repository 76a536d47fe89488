-- The base tables with a change buffer.
SELECT c.source_oid::int8, n.nspname, r.relname
FROM pgtrickle.pgt_capture c
JOIN pg_catalog.pg_class r ON r.oid = c.source_oid
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
WHERE n.nspname <> 'pgtrickle_data'
  AND pg_catalog.to_regclass('pgtrickle_changes.changes_' || c.source_oid::text) IS NOT NULL
