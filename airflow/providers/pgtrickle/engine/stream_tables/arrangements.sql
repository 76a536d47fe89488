-- The tables beside a storage table that keep parts of its query.
SELECT c.relname
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = pg_catalog.to_regnamespace(%(schema)s)
  AND c.relkind = 'r' AND c.relname ~ ('^' || %(storage)s || '_a[0-9]+$')
ORDER BY 1
