-- For each source: what the catalogs say now about all that capture rests on. While it is what they said when capture
-- was made whole (pgt_capture.facts), no change has passed it by, other than those noted as gaps.
SELECT
    w.source::int8,
    w.source::pg_catalog.regclass::text AS name,
    c.epoch,
    c.reason,
    c.attnums,
    c.facts = l.facts AS is_whole,
    CASE WHEN c.facts = l.facts AND g.reason IS NULL THEN NULL ELSE c.facts END AS recorded,
    CASE WHEN c.facts = l.facts AND g.reason IS NULL THEN NULL ELSE l.facts END AS live,
    g.reason AS gap
FROM pg_catalog.unnest(%(sources)s::pg_catalog.oid[]) AS w (source)
LEFT JOIN pgtrickle.pgt_capture c ON c.source_oid = w.source
CROSS JOIN LATERAL (
    SELECT pgtrickle_changes.capture_facts(w.source, c.attnums) AS facts OFFSET 0
) AS f
CROSS JOIN LATERAL (
    -- Unlogged relations are emptied by a crash, without a trigger, and what survives them is emptied too.
    SELECT
        CASE
            WHEN f.facts -> 'relations' @? '$.* ? (@ like_regex "u$")' THEN
                f.facts || pg_catalog.jsonb_build_object(
                    'survivor',
                    (SELECT s.xid::pg_catalog.text FROM pgtrickle_changes.survivors s WHERE s.source_oid = w.source)
                )
            ELSE f.facts
        END AS facts
    OFFSET 0
) AS l
LEFT JOIN LATERAL (
    SELECT n.reason FROM pgtrickle.pgt_capture_gaps n WHERE n.source_oid = w.source LIMIT 1
) AS g ON true
