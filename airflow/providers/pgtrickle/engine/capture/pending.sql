-- How many changes of one source lie in (lo, hi], counted up to a limit.
SELECT %s::int8, (
    SELECT pg_catalog.count(*)
    FROM (
        SELECT
        FROM {buffer} b
        WHERE b.xid >= pg_catalog.pg_snapshot_xmin(%s::pg_catalog.pg_snapshot)
          AND pg_catalog.pg_visible_in_snapshot(b.xid, %s::pg_catalog.pg_snapshot)
          AND NOT pg_catalog.pg_visible_in_snapshot(b.xid, %s::pg_catalog.pg_snapshot)
        LIMIT %s
    ) AS within
)
