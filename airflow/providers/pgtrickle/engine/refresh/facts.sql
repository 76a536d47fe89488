-- All that a refresh decides on, but for the change buffers and the capture: one row, read in its snapshot.
SELECT
    pg_catalog.pg_current_snapshot()::pg_catalog.text,
    pg_catalog.clock_timestamp(),
    t.generation,
    t.status,
    t.frontier::pg_catalog.text,
    t.versions,
    t.data_timestamp,
    t.fingerprint,
    (
        SELECT pg_catalog.json_object_agg(v.pgt_id, v.xid::pg_catalog.text)
        FROM (
            SELECT u.pgt_id, pg_catalog.max(u.xid) AS xid
            FROM pgtrickle.pgt_versions u
            WHERE u.pgt_id = ANY (%(upstream)s::pg_catalog.int8[])
            GROUP BY u.pgt_id
        ) AS v
    ),
    (
        SELECT pg_catalog.md5(pg_catalog.string_agg(r.ev_class || ':' || r.xmin, ',' ORDER BY r.ev_class))
        FROM pg_catalog.pg_rewrite r
        WHERE r.ev_class = ANY (%(views)s::pg_catalog.oid[]) AND r.ev_type = '1'
    ),
    (
        SELECT pg_catalog.md5(pg_catalog.string_agg(p.oid || ':' || p.xmin, ',' ORDER BY p.oid))
        FROM pg_catalog.pg_proc p
        WHERE p.oid = ANY (%(functions)s::pg_catalog.oid[])
    ),
    (
        SELECT pg_catalog.md5(pg_catalog.string_agg(
            c.oid || ' ' || c.relnamespace || ' ' || pg_catalog.quote_ident(c.relname) || ' ' || (
                SELECT pg_catalog.string_agg(
                    a.attnum || ' ' || pg_catalog.quote_ident(a.attname) || ' ' || a.attnotnull, ' ' ORDER BY a.attnum
                )
                FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            ) || COALESCE((
                SELECT pg_catalog.string_agg(' ' || x.indexrelid || ' ' || x.indisvalid, '' ORDER BY x.indexrelid)
                FROM pg_catalog.pg_index x
                WHERE x.indrelid = c.oid AND x.indisunique
            ), ''), ',' ORDER BY c.oid
        ))
        FROM pg_catalog.pg_class c
        WHERE c.oid = ANY (%(sources)s::pg_catalog.oid[])
    )
FROM pgtrickle.pgt_stream_tables t
WHERE t.pgt_id = %(pgt_id)s
