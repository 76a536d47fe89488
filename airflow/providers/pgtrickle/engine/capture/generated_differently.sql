-- A partition that generates one of these columns by another expression than the source does.
WITH RECURSIVE family (relid) AS (
    SELECT %(source)s::pg_catalog.oid
    UNION
    SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.relid
)
SELECT f.relid::pg_catalog.regclass::text, a.attname::text
FROM family f
JOIN pg_catalog.pg_attribute a ON a.attrelid = f.relid
JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
JOIN pg_catalog.pg_attribute sa ON sa.attrelid = %(source)s::pg_catalog.oid AND sa.attname = a.attname
JOIN pg_catalog.pg_attrdef sd ON sd.adrelid = sa.attrelid AND sd.adnum = sa.attnum
WHERE sa.attnum = ANY (%(attnums)s::pg_catalog.int2[])
  AND sa.attgenerated <> ''
  AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) IS DISTINCT FROM pg_catalog.pg_get_expr(sd.adbin, sd.adrelid)
LIMIT 1
