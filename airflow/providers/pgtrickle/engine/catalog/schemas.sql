-- Which of our schemas exist, and the extension that owns one, if any.
SELECT n.nspname::text, e.extname::text
FROM pg_catalog.pg_namespace n
LEFT JOIN pg_catalog.pg_depend d
    ON d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid AND d.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension e
    ON e.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
WHERE n.nspname = ANY (%s)
