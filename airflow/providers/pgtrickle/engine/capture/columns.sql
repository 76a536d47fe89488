-- The columns of a source that are to be captured. A virtual generated column is not in the rows that a trigger is
-- given, nor always a stored one in rows that PostgreSQL routes to a partition: their expressions come along, and the
-- columns that these read.
SELECT
    a.attnum::int4,
    a.attname::text,
    a.atttypid::int8,
    a.atttypmod,
    l.nspname::text,
    l.collname::text,
    a.attgenerated::text,
    CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
    CASE WHEN a.attgenerated <> '' THEN ARRAY(
        SELECT r.attname::text
        FROM pg_catalog.pg_depend p
        JOIN pg_catalog.pg_attribute r ON r.attrelid = p.refobjid AND r.attnum = p.refobjsubid
        WHERE p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND p.refobjid = a.attrelid
          AND p.refobjsubid NOT IN (0, a.attnum)
          -- PostgreSQL notes such a dependency for the column itself, not for its default.
          AND ((p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.objid = a.attrelid
                AND p.objsubid = a.attnum)
               OR (p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND p.objid = d.oid))
        ORDER BY r.attnum
    ) END
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN LATERAL (
    SELECT n.nspname, c.collname
    FROM pg_catalog.pg_collation c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
    WHERE c.oid = a.attcollation AND a.attcollation <> t.typcollation
) l ON true
WHERE a.attrelid = %(source)s::pg_catalog.oid
  AND a.attnum = ANY (%(attnums)s::pg_catalog.int2[])
  AND NOT a.attisdropped
ORDER BY a.attnum
