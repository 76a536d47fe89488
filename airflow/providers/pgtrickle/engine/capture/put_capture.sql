INSERT INTO pgtrickle.pgt_capture (source_oid, attnums, epoch, reason, facts)
VALUES (%(source)s::oid, %(attnums)s::int2[], %(epoch)s, %(reason)s, '{}')
ON CONFLICT (source_oid) DO UPDATE
SET attnums = EXCLUDED.attnums, epoch = EXCLUDED.epoch, reason = EXCLUDED.reason, updated_at = pg_catalog.clock_timestamp()
