-- What each stream table reads of one source.
SELECT d.pgt_id, d.source_oid::int8, d.source_name, d.source_kind, d.upstream_pgt_id, d.columns
FROM pgtrickle.pgt_dependencies d
WHERE d.source_oid = %s::oid
ORDER BY d.pgt_id
