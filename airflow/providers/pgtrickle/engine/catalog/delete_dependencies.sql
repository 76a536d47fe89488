DELETE FROM pgtrickle.pgt_dependencies WHERE pgt_id = %s
