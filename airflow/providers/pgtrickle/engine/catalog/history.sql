-- The latest refreshes, of one stream table or of all, newest first.
SELECT
    h.refresh_id, h.pgt_id, t.pgt_schema, t.pgt_name, h.action, h.reason, h.status, h.started_at, h.ended_at,
    h.rows_inserted, h.rows_deleted, h.pending_changes, h.duration_ms, h.stages, h.sqlstate, h.error_message,
    h.run_id, h.frontier::text
FROM pgtrickle.pgt_refresh_history h
JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
WHERE %(pgt_id)s::int8 IS NULL OR h.pgt_id = %(pgt_id)s::int8
ORDER BY h.refresh_id DESC
LIMIT %(limit)s
