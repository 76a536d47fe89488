-- The patch names the columns to change; those that it does not name keep their values.
UPDATE pgtrickle.pgt_stream_tables t
SET (
    pgt_schema, pgt_name, query, search_path, schedule, refresh_mode, effective_mode, reason, status, is_populated,
    generation, view_oid, storage_oid, frontier, versions, data_timestamp, layout, session_settings, fingerprint,
    consecutive_errors, last_error, updated_at
) = (
    SELECT
        n.pgt_schema, n.pgt_name, n.query, n.search_path, n.schedule, n.refresh_mode, n.effective_mode, n.reason,
        n.status, n.is_populated, n.generation, n.view_oid, n.storage_oid, n.frontier, n.versions, n.data_timestamp,
        n.layout, n.session_settings, n.fingerprint, n.consecutive_errors, n.last_error,
        pg_catalog.clock_timestamp()
    FROM pg_catalog.jsonb_populate_record(t, %(patch)s::jsonb) n
)
WHERE t.pgt_id = %(pgt_id)s
