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
    ), ancestors (relid) AS (
        SELECT w.source
        UNION
        SELECT i.inhparent FROM ancestors a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.relid
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
        -- A generation expression that is exchanged changes values without a trigger.
        'columns', (
            SELECT pg_catalog.jsonb_object_agg(
                a.attnum::text,
                a.atttypid::text || ' ' || a.atttypmod::text || ' ' || a.attcollation::text
                    || COALESCE(' ' || d.oid::text, '')
            )
            FROM pg_catalog.pg_attribute a
            LEFT JOIN pg_catalog.pg_attrdef d
                ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated <> ''
            WHERE a.attrelid = w.source AND a.attnum = ANY (c.attnums) AND NOT a.attisdropped
        ),
        'captured', (
            SELECT p.oid::text
            FROM pg_catalog.pg_proc p
            WHERE p.proname = 'captured_' || w.source::text
              AND p.pronamespace = 'pgtrickle_changes'::pg_catalog.regnamespace
        ),
        'subscribed', EXISTS (
            SELECT FROM pg_catalog.pg_subscription_rel s
            WHERE s.srrelid IN (SELECT f.relid FROM family f UNION ALL SELECT a.relid FROM ancestors a)
        )
    ) AS facts
) AS l
LEFT JOIN LATERAL (
    SELECT n.reason FROM pgtrickle.pgt_capture_gaps n WHERE n.source_oid = w.source LIMIT 1
) AS g ON true
