-- The relations that this transaction has locked against others' DDL or writes, and all definition views above them.
WITH RECURSIVE touched (oid) AS (
    SELECT l.relation
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_database b ON b.oid = l.database AND b.datname = pg_catalog.current_database()
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted AND l.mode IN (
        'AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock'
    )
), readers (oid) AS (
    SELECT t.oid FROM touched t
    UNION
    SELECT w.ev_class
    FROM readers r
    JOIN pg_catalog.pg_depend d
        ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = r.oid
    JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
)
SELECT
    ARRAY(SELECT t.oid::pg_catalog.int8 FROM touched t),
    ARRAY(
        SELECT c.relname::pg_catalog.text
        FROM readers r
        JOIN pg_catalog.pg_class c ON c.oid = r.oid
        WHERE c.relnamespace = 'pgtrickle_defs'::pg_catalog.regnamespace
    )
