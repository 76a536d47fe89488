-- Replication slots on this database, and the log that each keeps from being recycled.
SELECT
    s.slot_name::text,
    s.plugin::text,
    s.active,
    CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
         ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)::int8 END
FROM pg_catalog.pg_replication_slots s
WHERE s.database = pg_catalog.current_database()
ORDER BY 1
