-- The configuration that declares each stream table that one declares.
SELECT c.pgt_id, c.configuration
FROM pgtrickle.pgt_configurations c
