INSERT INTO pgtrickle.pgt_capture (source_oid, attnums, epoch, facts)
VALUES (%(source)s::oid, %(attnums)s::int2[], %(epoch)s, '{}')
ON CONFLICT (source_oid) DO UPDATE
SET attnums = EXCLUDED.attnums, epoch = EXCLUDED.epoch, updated_at = pg_catalog.clock_timestamp()
