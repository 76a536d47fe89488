-- Those of these relations that a row-level security policy would filter for the current role, and whether it owns them.
SELECT c.oid::pg_catalog.int8, pg_catalog.pg_has_role(c.relowner, 'USAGE'), CURRENT_USER::pg_catalog.text
FROM pg_catalog.pg_class c
WHERE c.oid = ANY (%s::pg_catalog.oid[]) AND c.relrowsecurity AND pg_catalog.row_security_active(c.oid)
ORDER BY c.oid
