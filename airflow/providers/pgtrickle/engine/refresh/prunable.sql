-- For each source: the transaction below which every populated reader has consumed its changes.
SELECT
    d.source_oid::pg_catalog.int8,
    pg_catalog.min(pg_catalog.pg_snapshot_xmin(
        CASE
            WHEN d.upstream_pgt_id IS NULL THEN t.frontier
            ELSE (t.versions ->> d.upstream_pgt_id::pg_catalog.text)::pg_catalog.pg_snapshot
        END
    ))::pg_catalog.text
FROM pgtrickle.pgt_dependencies d
JOIN pgtrickle.pgt_stream_tables t ON t.pgt_id = d.pgt_id
WHERE d.source_oid = ANY (%(sources)s::pg_catalog.oid[]) AND t.is_populated
GROUP BY d.source_oid
