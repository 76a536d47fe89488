INSERT INTO pgtrickle.pgt_runs (run_id, snapshot, members, opened_at)
VALUES (
    %(run_id)s, COALESCE(%(snapshot)s::pg_snapshot, pg_catalog.pg_current_snapshot()), %(members)s::int8[],
    COALESCE(%(opened_at)s::timestamptz, pg_catalog.clock_timestamp())
)
ON CONFLICT (run_id) DO NOTHING
