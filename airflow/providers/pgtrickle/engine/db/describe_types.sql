-- The facts of types given as two parallel arrays, oid and typmod. A container (domain, array, range, multirange,
-- composite) can be compared or hashed, and its equal values are identical, when that holds for all its parts.
WITH RECURSIVE wanted AS (
    SELECT w.type, w.typmod
    FROM ROWS FROM (
        pg_catalog.unnest(%s::pg_catalog.oid[]), pg_catalog.unnest(%s::pg_catalog.int4[])
    ) AS w (type, typmod)
    JOIN pg_catalog.pg_type t ON t.oid = w.type
), parts AS (
    SELECT w.type AS root, w.typmod AS root_typmod, w.type, w.typmod, t.typcollation AS coll
    FROM wanted w
    JOIN pg_catalog.pg_type t ON t.oid = w.type
    UNION
    SELECT p.root, p.root_typmod, n.type, n.typmod, n.coll
    FROM parts p
    JOIN pg_catalog.pg_type t ON t.oid = p.type
    CROSS JOIN LATERAL (
        SELECT t.typbasetype, t.typtypmod, t.typcollation
        WHERE t.typtype = 'd'
        UNION ALL
        SELECT t.typelem, p.typmod, p.coll
        WHERE t.typelem <> 0 AND t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
        UNION ALL
        SELECT r.rngsubtype, -1, r.rngcollation
        FROM pg_catalog.pg_range r
        WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
        UNION ALL
        SELECT a.atttypid, a.atttypmod, a.attcollation
        FROM pg_catalog.pg_attribute a
        WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS n (type, typmod, coll)
), leaves AS (
    SELECT p.root, p.root_typmod, p.type, p.typmod, p.coll, t.typtype
    FROM parts p
    JOIN pg_catalog.pg_type t ON t.oid = p.type
    WHERE t.typtype IN ('b', 'e', 'p')
      AND NOT (t.typelem <> 0 AND t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc)
), operators AS (
    -- The default operator classes that serve a leaf type: its own, or that of the type it is stored like.
    SELECT DISTINCT l.type, c.opcmethod, f.amprocnum, f.amproc
    FROM leaves l
    JOIN pg_catalog.pg_opclass c ON c.opcdefault AND (
        (c.opcintype = l.type AND (l.typtype <> 'p' OR l.type = 'pg_catalog.record'::pg_catalog.regtype))
        OR (l.typtype = 'e' AND c.opcintype = 'pg_catalog.anyenum'::pg_catalog.regtype)
        OR (NOT EXISTS (
                SELECT FROM pg_catalog.pg_opclass own
                WHERE own.opcdefault AND own.opcintype = l.type AND own.opcmethod = c.opcmethod
            ) AND EXISTS (
                SELECT FROM pg_catalog.pg_cast s
                WHERE s.castsource = l.type AND s.casttarget = c.opcintype
                  AND s.castmethod = 'b' AND s.castcontext = 'i'
            )))
    JOIN pg_catalog.pg_am m ON m.oid = c.opcmethod AND m.amname IN ('btree', 'hash')
    LEFT JOIN pg_catalog.pg_amproc f
        ON f.amprocfamily = c.opcfamily AND f.amproclefttype = c.opcintype AND f.amprocrighttype = c.opcintype
), facts AS (
    SELECT l.root, l.root_typmod,
        pg_catalog.bool_and(EXISTS (SELECT FROM operators o WHERE o.type = l.type)) AS has_equality,
        -- Support function 2 of a hash class is the extended one, which takes a seed.
        pg_catalog.bool_and(EXISTS (
            SELECT FROM operators o
            JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
            WHERE o.type = l.type AND m.amname = 'hash' AND o.amprocnum = 2
        )) AS has_hash,
        -- Support function 4 of a btree class says whether equal values are identical. It knows no typmod: numerics of
        -- one scale and strings padded to one length are, though their types in general are not.
        pg_catalog.bool_and(
            CASE l.type
                WHEN 'pg_catalog.numeric'::pg_catalog.regtype THEN l.typmod >= 0
                WHEN 'pg_catalog.bpchar'::pg_catalog.regtype THEN l.typmod >= 0 AND d.deterministic
                ELSE EXISTS (
                    SELECT FROM operators o
                    JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
                    WHERE o.type = l.type AND m.amname = 'btree' AND o.amprocnum = 4
                      AND (o.amproc = 'pg_catalog.btequalimage'::pg_catalog.regproc
                           OR (o.amproc = 'pg_catalog.btvarstrequalimage'::pg_catalog.regproc AND d.deterministic))
                )
            END
        ) AS equal_image
    FROM leaves l
    CROSS JOIN LATERAL (
        SELECT NOT EXISTS (
            SELECT FROM pg_catalog.pg_collation c WHERE c.oid = l.coll AND NOT c.collisdeterministic
        )
    ) AS d (deterministic)
    GROUP BY l.root, l.root_typmod
), domains AS (
    SELECT w.type AS root, w.type
    FROM wanted w
    UNION
    SELECT d.root, t.typbasetype
    FROM domains d
    JOIN pg_catalog.pg_type t ON t.oid = d.type AND t.typtype = 'd'
)
SELECT
    w.type::pg_catalog.int8,
    w.typmod,
    pg_catalog.format_type(w.type, w.typmod),
    pg_catalog.format_type(t.oid, NULL),
    t.typcategory::pg_catalog.text,
    COALESCE(f.has_equality, true),
    COALESCE(f.has_hash, true),
    COALESCE(f.equal_image, true)
FROM wanted w
JOIN domains d ON d.root = w.type
JOIN pg_catalog.pg_type t ON t.oid = d.type AND t.typtype <> 'd'
LEFT JOIN facts f ON f.root = w.type AND f.root_typmod = w.typmod
