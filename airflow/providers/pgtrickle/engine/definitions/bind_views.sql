-- A view and the views it is built on, itself first: text, and the rule's tree, which tells what pg_depend does not.
-- To be run under an empty search_path, so that the texts are fully qualified.
WITH RECURSIVE views AS (
    SELECT c.oid, true AS is_root
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s AND c.relname = %(name)s AND c.relkind = 'v'
    UNION
    -- Objects below 16384 come with the server: their views are not followed.
    SELECT c.oid, false
    FROM views v
    JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid AND w.ev_type = '1'
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> v.oid
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind = 'v' AND c.oid >= 16384
)
SELECT
    v.oid::pg_catalog.int8,
    pg_catalog.pg_get_viewdef(v.oid, false),
    w.ev_action::pg_catalog.text,
    -- GROUP BY a primary key, completed by what depends on it.
    EXISTS (
        SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
          AND d.refclassid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
    )
FROM views v
JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid AND w.ev_type = '1'
ORDER BY v.is_root DESC, v.oid
