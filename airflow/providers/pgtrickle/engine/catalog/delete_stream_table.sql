DELETE FROM pgtrickle.pgt_stream_tables WHERE pgt_id = %s
