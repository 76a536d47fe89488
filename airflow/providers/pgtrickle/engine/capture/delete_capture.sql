WITH gaps AS (
    DELETE FROM pgtrickle.pgt_capture_gaps WHERE source_oid = %(source)s::oid
), survivors AS (
    DELETE FROM pgtrickle_changes.survivors WHERE source_oid = %(source)s::oid
)
DELETE FROM pgtrickle.pgt_capture WHERE source_oid = %(source)s::oid
