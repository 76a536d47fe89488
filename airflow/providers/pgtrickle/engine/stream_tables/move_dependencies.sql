-- Readers of a storage table read its successor; what they read of it is found out by their next refresh.
UPDATE pgtrickle.pgt_dependencies d
SET source_oid = %(after)s::pg_catalog.oid, source_name = %(name)s
WHERE d.source_oid = %(before)s::pg_catalog.oid
