-- Whether the catalog comes from another server than this one.
SELECT NOT EXISTS (
    SELECT
    FROM pgtrickle.pgt_server s
    JOIN pg_catalog.pg_control_system() c ON c.system_identifier = s.system_identifier
)
