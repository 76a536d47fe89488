-- For each source: what the catalogs say now about all that capture rests on. While it is what they said when capture
-- was made whole (pgt_capture.facts), no change has passed it by, other than those noted as gaps.
SELECT
    w.source::int8,
    c.epoch,
    c.attnums,
    c.facts = l.facts AS is_whole,
    CASE WHEN c.facts = l.facts AND g.reason IS NULL THEN NULL ELSE c.facts END AS recorded,
    CASE WHEN c.facts = l.facts AND g.reason IS NULL THEN NULL ELSE l.facts END AS live,
    g.reason AS gap
FROM pg_catalog.unnest(%(sources)s::pg_catalog.oid[]) AS w (source)
LEFT JOIN pgtrickle.pgt_capture c ON c.source_oid = w.source
CROSS JOIN LATERAL (
    WITH RECURSIVE family (relid) AS (
        SELECT w.source
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
    SELECT pg_catalog.jsonb_build_object(
        -- An unlogged table is emptied by a crash, without a trigger.
        'relations', (
            SELECT pg_catalog.jsonb_object_agg(r.oid::text, r.relkind::text || r.relpersistence::text)
            FROM family f
            JOIN pg_catalog.pg_class r ON r.oid = f.relid
        ),
        -- Oid and xmin: a trigger that was away for a while comes back as another one, or as another version.
        'triggers', (
            SELECT pg_catalog.jsonb_object_agg(
                t.tgrelid::text || ' ' || t.tgname::text,
                t.oid::text || ' ' || t.tgenabled::text || ' ' || t.tgfoid::text || ' ' || t.xmin::text
            )
            FROM family f
            JOIN pg_catalog.pg_trigger t ON t.tgrelid = f.relid
            WHERE pg_catalog.starts_with(t.tgname::text, 'pgtrickle_' || w.source::text || '_')
        ),
        'columns', (
            SELECT pg_catalog.jsonb_object_agg(
                a.attnum::text,
                a.atttypid::text || ' ' || a.atttypmod::text || ' ' || a.attcollation::text
            )
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = w.source AND a.attnum = ANY (c.attnums) AND NOT a.attisdropped
        ),
        -- A generation expression that is exchanged changes values without a trigger.
        'generated', (
            SELECT pg_catalog.jsonb_object_agg(d.adrelid::text || ' ' || d.adnum::text, d.oid::text)
            FROM family f
            JOIN pg_catalog.pg_attribute a ON a.attrelid = f.relid AND a.attgenerated <> ''
            JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE EXISTS (
                SELECT FROM pg_catalog.pg_attribute o
                WHERE o.attrelid = w.source AND o.attnum = ANY (c.attnums) AND o.attgenerated <> ''
                  AND o.attname = a.attname
            )
        ),
        'captured', (
            SELECT p.oid::text
            FROM pg_catalog.pg_proc p
            WHERE p.proname = 'captured_' || w.source::text
              AND p.pronamespace = 'pgtrickle_changes'::pg_catalog.regnamespace
        ),
        'subscribed', EXISTS (
            SELECT FROM pg_catalog.pg_subscription_rel s
            WHERE s.srrelid IN (SELECT f.relid FROM family f UNION ALL SELECT p.relid FROM parents p)
        ),
        -- Statements that name such a parent reach rows of the source without naming it.
        'has_other_parents', EXISTS (
            SELECT FROM parents p WHERE NOT EXISTS (SELECT FROM family f WHERE f.relid = p.relid)
        )
    ) AS facts
) AS l
LEFT JOIN LATERAL (
    SELECT n.reason FROM pgtrickle.pgt_capture_gaps n WHERE n.source_oid = w.source LIMIT 1
) AS g ON true
