-- Rows that another session is pruning are left to it.
DELETE FROM {buffer}
WHERE ctid = ANY (ARRAY(
    SELECT b.ctid
    FROM {buffer} b
    WHERE b.xid < %s::text::pg_catalog.xid8
    ORDER BY b.xid
    LIMIT %s
    FOR UPDATE SKIP LOCKED
))
