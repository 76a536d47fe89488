-- The stream tables that have not yet followed all changes of one source, with the frontier that they are at.
SELECT {source}::int8, t.pgt_id, t.frontier::pg_catalog.text
FROM pgtrickle.pgt_dependencies d
JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
WHERE d.source_oid = {source}
  AND t.status = 'ACTIVE'
  AND EXISTS (
      SELECT
      FROM {buffer} b
      WHERE b.xid >= pg_catalog.pg_snapshot_xmin(t.frontier)
        AND NOT pg_catalog.pg_visible_in_snapshot(b.xid, t.frontier)
  )
