INSERT INTO pgtrickle.pgt_versions (pgt_id, xid, snapshot)
VALUES (%s, COALESCE(%s::text::xid8, pg_catalog.pg_current_xact_id()), %s::pg_snapshot)
ON CONFLICT (pgt_id, xid) DO UPDATE SET snapshot = EXCLUDED.snapshot
RETURNING xid::text
