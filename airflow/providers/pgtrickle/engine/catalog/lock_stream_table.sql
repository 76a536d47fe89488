SELECT t.pgt_id
FROM pgtrickle.pgt_stream_tables t
WHERE t.pgt_schema = %(schema)s AND t.pgt_name = %(name)s
FOR NO KEY UPDATE
