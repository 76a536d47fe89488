INSERT INTO pgtrickle.pgt_runs (run_id, snapshot, members)
VALUES (%(run_id)s, COALESCE(%(snapshot)s::pg_snapshot, pg_catalog.pg_current_snapshot()), %(members)s::int8[])
ON CONFLICT (run_id) DO NOTHING
