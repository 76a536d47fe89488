-- The versions before a transaction, newest first, that can lie within a snapshot with this upper bound.
SELECT v.xid::text, v.snapshot::text
FROM pgtrickle.pgt_versions v
WHERE v.pgt_id = %(pgt_id)s
  AND (%(before)s::text IS NULL OR v.xid < %(before)s::text::xid8)
  AND pg_catalog.pg_snapshot_xmin(v.snapshot) <= %(xmax)s::text::xid8
ORDER BY v.xid DESC
LIMIT 20
