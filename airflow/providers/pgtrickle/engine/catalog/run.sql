SELECT r.run_id, r.snapshot::text, r.members, r.opened_at FROM pgtrickle.pgt_runs r WHERE r.run_id = %s
