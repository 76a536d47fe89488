INSERT INTO pgtrickle_changes.survivors (source_oid)
VALUES (%(source)s::oid)
ON CONFLICT (source_oid) DO UPDATE SET xid = pg_catalog.pg_current_xact_id()
