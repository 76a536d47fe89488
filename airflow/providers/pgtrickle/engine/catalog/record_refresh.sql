-- The entry of the stream table and the one in the history, in one statement.
WITH stream_table AS (
    {update_stream_table}
)
INSERT INTO pgtrickle.pgt_refresh_history (
    pgt_id, action, reason, status, started_at, ended_at, rows_inserted, rows_deleted, pending_changes, duration_ms,
    stages, sqlstate, error_message, run_id, frontier
)
VALUES (
    %(pgt_id)s, %(action)s, %(reason)s, %(status)s, %(started_at)s, %(ended_at)s, %(rows_inserted)s,
    %(rows_deleted)s, %(pending_changes)s, %(duration_ms)s, %(stages)s::jsonb, %(sqlstate)s, %(error_message)s,
    %(run_id)s, %(frontier)s::pg_snapshot
)
RETURNING refresh_id
