UPDATE pgtrickle.pgt_capture SET facts = %(facts)s::jsonb WHERE source_oid = %(source)s::oid
