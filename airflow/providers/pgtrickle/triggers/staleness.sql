-- What a stream table shows, and how old that is.
SELECT t.data_timestamp, pg_catalog.clock_timestamp() - t.data_timestamp
FROM pgtrickle.pgt_stream_tables t
WHERE t.pgt_schema = %(schema)s AND t.pgt_name = %(name)s
