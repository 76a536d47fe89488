-- Where the triggers of a source's capture are now, wherever that is.
SELECT t.tgrelid::int8, n.nspname::text, c.relname::text, t.tgname::text
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
WHERE p.pronamespace = 'pgtrickle_changes'::pg_catalog.regnamespace
  AND p.proname = ANY (%(functions)s::text[])
  AND t.tgparentid = 0
ORDER BY t.tgrelid, t.tgname
