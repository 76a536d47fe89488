-- The latest runs, newest first, with what their refreshes did.
SELECT
    r.run_id,
    r.opened_at,
    pg_catalog.cardinality(r.members),
    h.completed,
    h.failed,
    h.changed,
    h.busy_ms,
    h.ended_at
FROM (SELECT * FROM pgtrickle.pgt_runs a ORDER BY a.opened_at DESC LIMIT %(limit)s) AS r
LEFT JOIN LATERAL (
    SELECT
        pg_catalog.count(*) FILTER (WHERE f.status = 'COMPLETED') AS completed,
        pg_catalog.count(*) FILTER (WHERE f.status = 'FAILED') AS failed,
        COALESCE(pg_catalog.sum(f.rows_inserted + f.rows_deleted), 0)::int8 AS changed,
        COALESCE(pg_catalog.sum(f.duration_ms), 0) AS busy_ms,
        pg_catalog.max(f.ended_at) AS ended_at
    FROM pgtrickle.pgt_refresh_history f
    WHERE f.run_id = r.run_id AND f.started_at >= r.opened_at - pg_catalog.make_interval(mins => 1)
) AS h ON true
ORDER BY r.opened_at DESC
