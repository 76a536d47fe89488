-- Statements that give a view the owner, options, rights and comments that it has now, each with the column it is about.
WITH v AS (
    SELECT
        c.oid, c.relowner, c.relacl, c.reloptions,
        pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'v'
), rights AS (
    SELECT v.oid, v.name, NULL::pg_catalog.name AS attname, a.*
    FROM v
    CROSS JOIN LATERAL pg_catalog.aclexplode(v.relacl) AS a
    UNION ALL
    SELECT v.oid, v.name, t.attname, a.*
    FROM v
    JOIN pg_catalog.pg_attribute t ON t.attrelid = v.oid AND t.attnum > 0 AND NOT t.attisdropped
    CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) AS a
), statements (step, attname, statement) AS (
    SELECT 1, r.attname, pg_catalog.format(
        'GRANT %s%s ON %s TO %s%s',
        r.privilege_type,
        CASE WHEN r.attname IS NOT NULL THEN pg_catalog.format(' (%I)', r.attname) END,
        r.name,
        CASE r.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r.grantee)) END,
        CASE WHEN r.is_grantable THEN ' WITH GRANT OPTION' END
    )
    FROM rights r
    JOIN v ON v.oid = r.oid AND v.relowner <> r.grantee
    UNION ALL
    SELECT 2, NULL, pg_catalog.format('ALTER VIEW %s SET (%I = %L)', v.name, o.option_name, o.option_value)
    FROM v
    CROSS JOIN LATERAL pg_catalog.pg_options_to_table(v.reloptions) AS o
    UNION ALL
    SELECT 3, t.attname, CASE
        WHEN d.objsubid = 0 THEN pg_catalog.format('COMMENT ON VIEW %s IS %L', v.name, d.description)
        ELSE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', v.name, t.attname, d.description)
    END
    FROM v
    JOIN pg_catalog.pg_description d
        ON d.objoid = v.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    LEFT JOIN pg_catalog.pg_attribute t ON t.attrelid = v.oid AND t.attnum = d.objsubid AND d.objsubid > 0
    UNION ALL
    SELECT 4, NULL, pg_catalog.format('ALTER VIEW %s OWNER TO %I', v.name, pg_catalog.pg_get_userbyid(v.relowner))
    FROM v
    WHERE pg_catalog.pg_get_userbyid(v.relowner) <> current_user
)
SELECT s.attname::pg_catalog.text, s.statement FROM statements s ORDER BY s.step
