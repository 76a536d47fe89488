-- The server and the database, and what in them can hold stream tables up. Rows of other users' sessions show only
-- what the role may see.
SELECT
    pg_catalog.current_setting('server_version'),
    pg_catalog.pg_database_size(pg_catalog.current_database())::int8,
    pg_catalog.current_setting('max_connections')::int4,
    (SELECT pg_catalog.count(*)::int4 FROM pg_catalog.pg_stat_activity a WHERE a.backend_type = 'client backend'),
    (
        SELECT pg_catalog.max(pg_catalog.clock_timestamp() - a.xact_start)
        FROM pg_catalog.pg_stat_activity a
        WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
          AND a.backend_type = 'client backend'
    ),
    (
        SELECT pg_catalog.max(pg_catalog.clock_timestamp() - x.prepared)
        FROM pg_catalog.pg_prepared_xacts x
        WHERE x.database = pg_catalog.current_database()
    ),
    (SELECT pg_catalog.count(*)::int4 FROM pgtrickle.pgt_refresh_history),
    pg_catalog.pg_postmaster_start_time()
