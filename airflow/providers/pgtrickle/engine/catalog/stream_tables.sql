-- Stream tables, by id, by name, or all.
SELECT
    t.pgt_id, t.pgt_schema, t.pgt_name, t.query, t.search_path, t.schedule, t.refresh_mode, t.effective_mode,
    t.reason, t.status, t.is_populated, t.generation, t.view_oid::int8, t.storage_oid::int8, t.frontier::text,
    t.versions, t.data_timestamp, t.layout, t.session_settings, t.fingerprint, t.consecutive_errors, t.last_error,
    t.created_at, t.updated_at
FROM pgtrickle.pgt_stream_tables t
WHERE (%(ids)s::int8[] IS NULL OR t.pgt_id = ANY (%(ids)s::int8[]))
  AND (%(schema)s::text IS NULL OR (t.pgt_schema = %(schema)s::text AND t.pgt_name = %(name)s::text))
ORDER BY t.pgt_id
