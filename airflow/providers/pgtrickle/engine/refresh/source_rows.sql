-- The planner's idea of how many rows the sources have, descendants included.
SELECT pg_catalog.sum(GREATEST(c.reltuples, 0))::pg_catalog.float8
FROM pg_catalog.pg_class c
WHERE c.oid = ANY (%(sources)s::pg_catalog.oid[])
   OR c.oid IN (
        SELECT p.relid
        FROM pg_catalog.unnest(%(sources)s::pg_catalog.oid[]) AS s (oid)
        CROSS JOIN LATERAL pg_catalog.pg_partition_tree(s.oid) AS p
    )
