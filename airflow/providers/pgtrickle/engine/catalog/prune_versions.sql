-- A run of the time that is kept may ask for what was the latest version when it was opened: so the newest version
-- older than that time stays too.
DELETE FROM pgtrickle.pgt_versions v
WHERE v.xid < (
    SELECT max(k.xid)
    FROM pgtrickle.pgt_versions k
    WHERE k.pgt_id = v.pgt_id AND k.created_at < pg_catalog.now() - pg_catalog.make_interval(secs => %s)
)
