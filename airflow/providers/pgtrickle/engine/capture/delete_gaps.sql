DELETE FROM pgtrickle.pgt_capture_gaps WHERE source_oid = %(source)s::oid
