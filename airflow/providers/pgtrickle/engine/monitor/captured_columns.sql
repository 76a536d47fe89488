-- The names of the columns that one stream table reads of each of its sources.
SELECT
    d.source_oid::int8,
    ARRAY(
        SELECT a.attname::text
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = d.source_oid AND a.attnum = ANY (d.columns) AND NOT a.attisdropped
        ORDER BY a.attnum
    )
FROM pgtrickle.pgt_dependencies d
WHERE d.pgt_id = %(pgt_id)s
