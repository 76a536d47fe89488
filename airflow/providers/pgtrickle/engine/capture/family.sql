-- A source with all its partitions or inheritance children: those whose rows belong to it.
WITH RECURSIVE family (relid) AS (
    SELECT %(source)s::pg_catalog.oid
    UNION
    SELECT i.inhrelid
    FROM family f
    JOIN pg_catalog.pg_inherits i ON i.inhparent = f.relid
    WHERE NOT i.inhdetachpending
)
SELECT
    c.oid::int8,
    n.nspname::text,
    c.relname::text,
    c.relkind::text,
    c.relpersistence::text,
    -- The catalogs and information_schema are what initdb made; toast and temporary schemas begin with pg_.
    c.oid < 16384 OR n.nspname ~ '^pg_' AS is_system,
    pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_owner
FROM family f
JOIN pg_catalog.pg_class c ON c.oid = f.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY c.oid
