-- Storage of one stream table: sizes, tuples, and when it was last vacuumed and analysed.
SELECT
    pg_catalog.pg_table_size(c.oid)::int8 - COALESCE(pg_catalog.pg_total_relation_size(NULLIF(c.reltoastrelid, 0)), 0)::int8,
    pg_catalog.pg_indexes_size(c.oid)::int8,
    COALESCE(pg_catalog.pg_total_relation_size(NULLIF(c.reltoastrelid, 0)), 0)::int8,
    pg_catalog.pg_stat_get_live_tuples(c.oid),
    pg_catalog.pg_stat_get_dead_tuples(c.oid),
    GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(c.oid), pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)),
    GREATEST(pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))
FROM pg_catalog.pg_class c
WHERE c.oid = %(storage)s::oid
