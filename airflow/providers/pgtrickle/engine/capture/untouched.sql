-- Whether these are partitions into which nobody has ever written a row, so that none can have passed capture by. A
-- partition with a file of its own from the start that is still empty has had no row, unless one was cut off from it
-- again: by VACUUM, which leaves a row count, or by a TRUNCATE in the transaction that made the partition, which may
-- also have written to it by way of its parent. To be asked under a lock that keeps writers out.
SELECT COALESCE(pg_catalog.bool_and(
    c.relispartition AND (
        c.relkind = 'p'
        OR (
            c.relkind = 'r'
            AND c.relfilenode = c.oid
            AND c.reltuples < 0
            AND pg_catalog.pg_relation_size(c.oid) = 0
            AND pg_catalog.pg_stat_get_tuples_inserted(c.oid) = 0
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_inherits i
                JOIN {buffer} b ON b.xid::pg_catalog.xid = i.xmin
                WHERE i.inhrelid = c.oid
            )
        )
    )
), false)
FROM pg_catalog.pg_class c
WHERE c.oid = ANY (%(members)s::pg_catalog.oid[])
