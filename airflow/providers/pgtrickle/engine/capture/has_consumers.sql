SELECT EXISTS (SELECT FROM pgtrickle.pgt_dependencies d WHERE d.source_oid = %s::oid)
