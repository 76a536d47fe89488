-- Note that a configuration declares stream tables; the latest that says so has them.
INSERT INTO pgtrickle.pgt_configurations AS c (pgt_id, configuration)
SELECT declared.pgt_id, %(configuration)s
FROM pg_catalog.unnest(%(ids)s::int8[]) AS declared (pgt_id)
ON CONFLICT (pgt_id) DO UPDATE
SET configuration = EXCLUDED.configuration, declared_at = pg_catalog.clock_timestamp()
WHERE c.configuration <> EXCLUDED.configuration
