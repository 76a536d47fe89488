-- For each source: the transaction below which every reader has consumed its changes. One that is not filled yet, or has
-- only begun to read a source, may be taking its snapshot right now: it keeps them all.
SELECT
    d.source_oid::pg_catalog.int8,
    pg_catalog.min(pg_catalog.pg_snapshot_xmin(COALESCE(
        CASE
            WHEN d.upstream_pgt_id IS NULL THEN t.frontier
            ELSE (t.versions ->> d.upstream_pgt_id::pg_catalog.text)::pg_catalog.pg_snapshot
        END,
        '1:1:'
    )))::pg_catalog.text
FROM pgtrickle.pgt_dependencies d
JOIN pgtrickle.pgt_stream_tables t ON t.pgt_id = d.pgt_id
WHERE d.source_oid = ANY (%(sources)s::pg_catalog.oid[])
GROUP BY d.source_oid
