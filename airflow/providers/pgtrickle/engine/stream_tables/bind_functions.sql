-- The functions that views really call, found by OID in their rules' trees, and what else those trees tell:
-- one row a function; one more row, without oid, with the features of the trees.
WITH rules AS (
    SELECT w.oid, w.ev_action::pg_catalog.text AS tree
    FROM pg_catalog.pg_rewrite w
    WHERE w.ev_class = ANY (%(views)s::pg_catalog.oid[]) AND w.ev_type = '1'
), called AS (
    SELECT DISTINCT m.found[1]::pg_catalog.oid AS oid
    FROM rules r
    CROSS JOIN LATERAL pg_catalog.regexp_matches(
        r.tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g'
    ) AS m (found)
)
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
            JOIN pg_catalog.pg_proc s ON s.oid IN (a.aggtransfn, a.aggfinalfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
            WHERE a.aggfnoid = p.oid
        )
    ) WHEN 1 THEN 'immutable' WHEN 2 THEN 'stable' ELSE 'volatile' END,
    p.oid < 16384,
    NULL::pg_catalog.text[]
FROM called c
JOIN pg_catalog.pg_proc p ON p.oid = c.oid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, pg_catalog.array_agg(DISTINCT f.feature)
FROM rules r
CROSS JOIN LATERAL (
    SELECT 'for_update' WHERE r.tree LIKE '%%:rowMarks ({%%'
    UNION ALL
    SELECT 'tablesample' WHERE r.tree LIKE '%%{TABLESAMPLECLAUSE %%'
    UNION ALL
    SELECT 'set_returning' WHERE r.tree LIKE '%%:hasTargetSRFs true%%'
    UNION ALL
    SELECT 'recursive' WHERE r.tree LIKE '%%:hasRecursive true%%'
    UNION ALL
    -- GROUP BY a primary key, completed by what depends on it.
    SELECT 'functional_dependency' WHERE EXISTS (
        SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
          AND d.refclassid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
    )
    UNION ALL
    -- SQL's value functions have no OID; the order is that of SQLValueFunctionOp.
    SELECT (ARRAY[
        'current_date', 'current_time', 'current_time', 'current_timestamp', 'current_timestamp', 'localtime',
        'localtime', 'localtimestamp', 'localtimestamp', 'current_role', 'current_user', 'user',
        'session_user', 'current_catalog', 'current_schema'
    ])[v.operation[1]::pg_catalog.int4 + 1]
    FROM pg_catalog.regexp_matches(r.tree, '{SQLVALUEFUNCTION :op (\d+)', 'g') AS v (operation)
) AS f (feature)
ORDER BY 2, 3, 1
