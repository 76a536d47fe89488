-- One row a stream table: its catalog entry's size on disk, its latest refreshes, and whether one is running now.
SELECT
    t.pgt_id,
    pg_catalog.clock_timestamp() - t.data_timestamp,
    COALESCE(NULLIF(pg_catalog.pg_stat_get_live_tuples(t.storage_oid), 0), GREATEST(c.reltuples, 0)::int8, 0),
    pg_catalog.pg_total_relation_size(t.storage_oid)::int8,
    l.relation IS NOT NULL,
    h.refreshes
FROM pgtrickle.pgt_stream_tables t
LEFT JOIN pg_catalog.pg_class c ON c.oid = t.storage_oid
LEFT JOIN (
    -- Refreshes lock storage against each other; asked for once, because each look at the locks stops them all.
    SELECT DISTINCT k.relation
    FROM pg_catalog.pg_locks k
    WHERE k.locktype = 'relation' AND k.granted AND k.mode IN ('ShareRowExclusiveLock', 'AccessExclusiveLock')
      AND k.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
) AS l ON l.relation = t.storage_oid
LEFT JOIN LATERAL (
    SELECT pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_array(
            r.started_at, r.status, r.action, r.reason, r.duration_ms, r.rows_inserted, r.rows_deleted, r.run_id
        )
        ORDER BY r.refresh_id DESC
    ) AS refreshes
    FROM (
        SELECT *
        FROM pgtrickle.pgt_refresh_history a
        WHERE a.pgt_id = t.pgt_id AND a.status <> 'RUNNING'
        ORDER BY a.refresh_id DESC
        LIMIT %(trend)s
    ) AS r
) AS h ON true
