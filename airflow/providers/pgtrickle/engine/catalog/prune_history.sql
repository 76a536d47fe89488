-- The last refresh of a stream table is kept, however old.
DELETE FROM pgtrickle.pgt_refresh_history h
WHERE h.started_at < pg_catalog.now() - pg_catalog.make_interval(secs => %s)
  AND EXISTS (
      SELECT FROM pgtrickle.pgt_refresh_history later
      WHERE later.pgt_id = h.pgt_id AND later.refresh_id > h.refresh_id
  )
