-- One row a source that some stream table reads, storage of other stream tables included, with its change buffer.
SELECT
    s.source_oid::int8,
    COALESCE(n.nspname, '')::text,
    COALESCE(c.relname, s.source_name)::text,
    s.source_kind,
    c.oid IS NOT NULL,
    GREATEST(COALESCE(
        CASE c.relkind WHEN 'p' THEN l.tuples ELSE COALESCE(NULLIF(pg_catalog.pg_stat_get_live_tuples(c.oid), 0), c.reltuples) END,
        0
    ), 0)::int8,
    COALESCE(CASE c.relkind WHEN 'p' THEN l.size ELSE pg_catalog.pg_total_relation_size(c.oid) END, 0)::int8,
    s.readers,
    COALESCE(pg_catalog.cardinality(k.attnums), 0),
    b.oid IS NOT NULL,
    GREATEST(COALESCE(pg_catalog.pg_stat_get_live_tuples(b.oid), 0), 0)::int8,
    COALESCE(pg_catalog.pg_total_relation_size(b.oid), 0)::int8
FROM (
    SELECT d.source_oid, pg_catalog.min(d.source_name) AS source_name, pg_catalog.min(d.source_kind) AS source_kind,
           pg_catalog.count(*) AS readers
    FROM pgtrickle.pgt_dependencies d
    GROUP BY d.source_oid
) AS s
LEFT JOIN pg_catalog.pg_class c ON c.oid = s.source_oid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT pg_catalog.sum(GREATEST(p.reltuples, 0)) AS tuples, pg_catalog.sum(pg_catalog.pg_total_relation_size(p.oid)) AS size
    FROM pg_catalog.pg_partition_tree(c.oid) m
    JOIN pg_catalog.pg_class p ON p.oid = m.relid
    WHERE c.relkind = 'p' AND m.isleaf
) AS l ON true
LEFT JOIN pgtrickle.pgt_capture k ON k.source_oid = s.source_oid
LEFT JOIN (
    pg_catalog.pg_class b
    JOIN pg_catalog.pg_namespace bn ON bn.oid = b.relnamespace AND bn.nspname = 'pgtrickle_changes'
) ON b.relname = 'changes_' || s.source_oid::text AND b.relkind = 'r'
ORDER BY 2, 3
