SELECT d.pgt_id, d.source_oid::int8, d.source_name, d.source_kind, d.upstream_pgt_id, d.columns
FROM pgtrickle.pgt_dependencies d
WHERE %(pgt_id)s::int8 IS NULL OR d.pgt_id = %(pgt_id)s::int8
ORDER BY d.pgt_id, d.source_name, d.source_oid
