-- Relations by oid: name, kind, columns, keys.
WITH RECURSIVE reached AS (
    SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid = ANY (%s::pg_catalog.oid[])
), heirs AS (
    -- Children by inheritance (not partitions) share a parent's rows, but neither its keys nor always its NOT NULL.
    SELECT r.oid AS root, i.inhrelid AS oid
    FROM reached r
    JOIN pg_catalog.pg_class c ON c.oid = r.oid AND c.relhassubclass AND c.relkind <> 'p'
    JOIN pg_catalog.pg_inherits i ON i.inhparent = r.oid
    UNION
    SELECT h.root, i.inhrelid
    FROM heirs h
    JOIN pg_catalog.pg_inherits i ON i.inhparent = h.oid
), attributes AS (
    SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation,
        COALESCE(l.collisdeterministic, true) AS deterministic,
        a.attnotnull
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_constraint k
            WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated
              AND k.conkey = ARRAY[a.attnum]
        )
        AND NOT EXISTS (
            SELECT FROM heirs h
            JOIN pg_catalog.pg_attribute b ON b.attrelid = h.oid AND b.attname = a.attname
            WHERE h.root = a.attrelid AND NOT b.attnotnull
        ) AS not_null
    FROM reached r
    JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
), keys AS (
    SELECT x.indrelid, x.indexrelid, x.indisprimary, k.columns
    FROM reached r
    JOIN pg_catalog.pg_index x ON x.indrelid = r.oid
        AND x.indisunique AND x.indisvalid AND x.indisready AND x.indimmediate AND NOT x.indisexclusion
        AND x.indpred IS NULL AND x.indexprs IS NULL
    CROSS JOIN LATERAL (
        -- A key must be unique by the columns' own equality, not by a finer one of the index.
        SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY i.place) AS columns,
            pg_catalog.count(*) = x.indnkeyatts AND pg_catalog.bool_and(
                a.not_null
                AND (a.deterministic OR x.indcollation[i.place] = a.attcollation)
                AND (o.opcdefault OR o.opcname LIKE '%%\_pattern\_ops')
            ) AS holds
        FROM pg_catalog.generate_series(0, x.indnkeyatts - 1) AS i (place)
        JOIN attributes a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[i.place]
        JOIN pg_catalog.pg_opclass o ON o.oid = x.indclass[i.place]
    ) AS k
    WHERE k.holds AND NOT EXISTS (SELECT FROM heirs h WHERE h.root = x.indrelid)
)
SELECT
    c.oid::pg_catalog.int8,
    n.nspname::pg_catalog.text,
    c.relname::pg_catalog.text,
    CASE
        WHEN c.relpersistence = 't' THEN 'temporary'
        WHEN c.oid < 16384 THEN 'catalog'
        WHEN c.relkind = 'r' THEN 'table'
        WHEN c.relkind = 'p' THEN 'partitioned'
        WHEN c.relkind = 'v' THEN 'view'
        WHEN c.relkind = 'm' THEN 'materialized_view'
        WHEN c.relkind = 'f' THEN 'foreign'
        ELSE 'catalog'
    END,
    (
        SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_array(
            a.attname, a.atttypid::pg_catalog.int8, a.atttypmod, a.not_null, a.deterministic, a.attnum
        ) ORDER BY a.attnum), '[]')
        FROM attributes a
        WHERE a.attrelid = c.oid
    ),
    (
        SELECT COALESCE(pg_catalog.json_agg(k.columns ORDER BY NOT k.indisprimary, k.indexrelid), '[]')
        FROM keys k
        WHERE k.indrelid = c.oid
    )
FROM reached r
JOIN pg_catalog.pg_class c ON c.oid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY n.nspname, c.relname
