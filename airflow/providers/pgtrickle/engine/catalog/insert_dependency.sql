INSERT INTO pgtrickle.pgt_dependencies (pgt_id, source_oid, source_name, source_kind, upstream_pgt_id, columns)
VALUES (%s, %s::oid, %s, %s, %s, %s::int2[])
