-- All stream tables that read this one, directly or through others, nearest first.
WITH RECURSIVE readers AS (
    SELECT d.pgt_id, 1 AS distance
    FROM pgtrickle.pgt_dependencies d
    WHERE d.upstream_pgt_id = %(pgt_id)s
    UNION
    SELECT d.pgt_id, r.distance + 1
    FROM readers r
    JOIN pgtrickle.pgt_dependencies d ON d.upstream_pgt_id = r.pgt_id
    WHERE %(transitive)s
)
SELECT pgt_id FROM readers GROUP BY pgt_id ORDER BY max(distance), pgt_id
