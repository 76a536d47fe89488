DELETE FROM pgtrickle.pgt_runs WHERE opened_at < pg_catalog.now() - pg_catalog.make_interval(secs => %s)
