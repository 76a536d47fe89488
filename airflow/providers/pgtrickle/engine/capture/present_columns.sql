SELECT a.attnum::int4
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = %(source)s::pg_catalog.oid
  AND a.attnum = ANY (%(attnums)s::pg_catalog.int2[])
  AND NOT a.attisdropped
