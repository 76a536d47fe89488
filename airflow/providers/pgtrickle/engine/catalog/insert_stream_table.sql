INSERT INTO pgtrickle.pgt_stream_tables (
    pgt_schema, pgt_name, query, search_path, schedule, refresh_mode, effective_mode, reason
)
VALUES (
    %(schema)s, %(name)s, %(query)s, %(search_path)s, %(schedule)s, %(refresh_mode)s, %(effective_mode)s, %(reason)s
)
ON CONFLICT (pgt_schema, pgt_name) DO NOTHING
RETURNING pgt_id
