WITH RECURSIVE family (relid) AS (
    SELECT %(source)s::pg_catalog.oid
    UNION
    SELECT i.inhrelid
    FROM family f
    JOIN pg_catalog.pg_inherits i ON i.inhparent = f.relid
    WHERE NOT i.inhdetachpending
), parents (relid) AS (
    SELECT i.inhparent FROM family f JOIN pg_catalog.pg_inherits i ON i.inhrelid = f.relid
    UNION
    SELECT i.inhparent FROM parents p JOIN pg_catalog.pg_inherits i ON i.inhrelid = p.relid
)
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_subscription_rel s
    WHERE s.srrelid IN (SELECT f.relid FROM family f UNION ALL SELECT p.relid FROM parents p)
)
