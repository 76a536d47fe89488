-- Functions by oid: schema, name, kind, volatility, whether they come with the server, whether they return sets.
SELECT
    p.oid::pg_catalog.int8,
    n.nspname::pg_catalog.text,
    p.proname::pg_catalog.text,
    CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window' WHEN 'p' THEN 'procedure' ELSE 'function' END,
    -- An aggregate is declared immutable whatever it runs on: the most volatile of its parts counts.
    CASE GREATEST(
        pg_catalog.strpos('isv', p.provolatile::pg_catalog.text),
        (
            SELECT pg_catalog.max(pg_catalog.strpos('isv', s.provolatile::pg_catalog.text))
            FROM pg_catalog.pg_aggregate a
            JOIN pg_catalog.pg_proc s ON s.oid = ANY (
                ARRAY[a.aggtransfn, a.aggfinalfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::pg_catalog.oid[]
            )
            WHERE a.aggfnoid = p.oid
        )
    ) WHEN 1 THEN 'immutable' WHEN 2 THEN 'stable' ELSE 'volatile' END,
    p.oid < 16384,
    p.proretset
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid = ANY (%s::pg_catalog.oid[])
ORDER BY n.nspname, p.proname, p.oid
