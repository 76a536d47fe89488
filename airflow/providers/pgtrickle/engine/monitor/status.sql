-- One row a stream table: how it stands, and what its last refresh did.
SELECT
    t.pgt_id,
    t.pgt_schema,
    t.pgt_name,
    t.status,
    t.refresh_mode,
    t.effective_mode,
    t.is_populated,
    t.schedule,
    t.data_timestamp,
    pg_catalog.clock_timestamp() - t.data_timestamp,
    h.action,
    h.reason,
    t.consecutive_errors,
    t.last_error
FROM pgtrickle.pgt_stream_tables t
LEFT JOIN LATERAL (
    SELECT r.action, r.reason
    FROM pgtrickle.pgt_refresh_history r
    WHERE r.pgt_id = t.pgt_id AND r.status = 'COMPLETED'
    ORDER BY r.refresh_id DESC
    LIMIT 1
) AS h ON true
ORDER BY t.pgt_schema, t.pgt_name
