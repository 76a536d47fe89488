-- Whether a partitioned source has other partitions now than the current snapshot shows. A statement reads those there
-- are now, whatever its snapshot: what is attached meanwhile brings rows that are older than the snapshot.
SELECT EXISTS (
    SELECT
    FROM pg_catalog.unnest(%(sources)s::pg_catalog.oid[]) AS w (source)
    CROSS JOIN LATERAL (
        WITH RECURSIVE family (relid) AS (
            SELECT w.source
            UNION
            SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.relid
        )
        SELECT p.relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree(w.source) p
        EXCEPT
        SELECT f.relid FROM family f
    ) AS added
)
