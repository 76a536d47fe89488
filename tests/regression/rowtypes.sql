SELECT id, p, q FROM wide;
SELECT id, (p).x, (p).y FROM wide;
SELECT id, (r).p, ((r).p).x, (r).n FROM wide;
SELECT id, (ps[1]).x AS x1, ps[2] AS second FROM wide;
SELECT id, (p).* FROM wide;
SELECT id, ROW(id, (p).x)::text AS pair FROM (SELECT id, p FROM wide) z WHERE ROW(id, (p).x) IS NOT NULL AND id < 5;
SELECT id, ROW((p).x, 'z')::pair AS p2 FROM wide;
SELECT id FROM wide WHERE p = ROW(1, 'y1')::pair;
SELECT id FROM wide WHERE p < ROW(1, 'y1')::pair;
SELECT id FROM wide WHERE p IS NULL OR q IS NULL;
SELECT id FROM wide WHERE q IS NOT NULL;
SELECT id, q IS NULL AS n, q IS NOT NULL AS nn, q IS DISTINCT FROM NULL AS d FROM wide;
SELECT id FROM wide WHERE p IS DISTINCT FROM q;
SELECT p, count(*) AS n FROM wide GROUP BY p;
SELECT q, count(*) AS n, count(q) AS c FROM wide GROUP BY q;
SELECT DISTINCT p, q FROM wide;
SELECT DISTINCT r FROM wide;
SELECT (p).y, sum((p).x) AS s FROM wide GROUP BY (p).y;
SELECT max((p).x) AS m, min((r).n) AS n, count(DISTINCT p) AS d FROM wide;
SELECT array_agg(p ORDER BY id) AS a FROM wide;
SELECT w.id, d.id AS did FROM wide w JOIN doc d ON d.p = w.p;
SELECT w.id, d.id AS did FROM wide w LEFT JOIN doc d ON (d.p).x = (w.p).x AND d.p <> w.p;
SELECT w.id FROM wide w WHERE w.p IN (SELECT d.p FROM doc d);
SELECT w.id FROM wide w WHERE w.p NOT IN (SELECT d.p FROM doc d WHERE d.p IS NOT NULL);
SELECT p FROM wide UNION SELECT p FROM doc;
SELECT p FROM wide INTERSECT ALL SELECT p FROM doc;
SELECT p FROM wide EXCEPT SELECT q FROM wide;
-- recomputed: a whole-row reference
SELECT x FROM x;
-- recomputed: a whole-row reference
SELECT x, y FROM x JOIN y ON x.a = y.a;
-- recomputed: a whole-row reference
SELECT x.*::x AS whole FROM x;
-- recomputed: a whole-row reference
SELECT x, count(*) AS n FROM x GROUP BY x;
-- recomputed: a whole-row reference
SELECT DISTINCT x FROM x;
-- recomputed: a whole-row reference
SELECT count(x) AS n, count(DISTINCT x) AS d FROM x;
-- recomputed: a whole-row reference
SELECT x.a, y FROM x LEFT JOIN y ON x.a = y.a;
-- recomputed: a whole-row reference
SELECT x, y FROM x FULL JOIN y ON x.a = y.a AND x.b = y.b;
-- recomputed: a whole-row reference
SELECT a FROM x LEFT JOIN y USING (a) WHERE y IS NULL;
-- recomputed: a whole-row reference
SELECT x.a FROM x LEFT JOIN y ON x.a = y.a WHERE y.* IS NOT NULL;
-- recomputed: a whole-row reference
SELECT e FROM emp e WHERE e.dept = 1;
-- recomputed: a whole-row reference
SELECT id, to_jsonb(e) AS j FROM emp e;
-- recomputed: a whole-row reference
SELECT id, to_jsonb(e) - 'id' AS j FROM emp e WHERE ok;
-- recomputed: a whole-row reference
SELECT row_to_json(x)::text AS j FROM x;
-- recomputed: a whole-row reference
SELECT dept, jsonb_agg(e ORDER BY id) AS j FROM emp e GROUP BY dept;
-- recomputed: a whole-row reference
SELECT dept, array_agg(e ORDER BY id) AS es FROM emp e GROUP BY dept;
-- recomputed: a whole-row reference
SELECT (e).name, (e).pay FROM (SELECT e FROM emp e) z;
-- recomputed: a whole-row reference
SELECT (z.w).a, count(*) AS n FROM (SELECT x AS w FROM x) z GROUP BY (z.w).a;
-- recomputed: a whole-row reference
SELECT z::text AS t FROM (SELECT a, sum(b) AS s FROM x GROUP BY a) z;
-- recomputed: a whole-row reference
SELECT z.a, to_jsonb(z) AS j FROM (SELECT a, count(*) AS n FROM x GROUP BY a) z;
-- recomputed: a whole-row reference
SELECT num_nulls(x.*) AS n, num_nonnulls(a, b) AS m FROM x;
-- recomputed: a whole-row reference
SELECT x::text AS t, length(x::text) AS n FROM x;
-- recomputed: a whole-row reference
SELECT a FROM x WHERE x = ROW(0, 0)::x;
-- recomputed: a whole-row reference
SELECT a FROM x WHERE x IN (SELECT ROW(y.a, y.b)::x FROM y);
SELECT a FROM x WHERE (a, b) > (1, 0);
SELECT a FROM x WHERE (a, b) <= (2, NULL);
SELECT a FROM x WHERE ROW(a, b) IS NOT DISTINCT FROM ROW(b, a);
SELECT a FROM x WHERE (a, b) <> (0, 0);
SELECT a FROM x WHERE ROW(a, b) IS NULL;
SELECT a FROM x WHERE (a, b) IN ((0, 0), (1, 1), (NULL, 2));
SELECT a, (a, b) = (0, 0) AS e, (a, b) < (1, 1) AS l FROM x;
SELECT least(p, q) AS l, greatest(p, q) AS g, coalesce(q, p) AS c, nullif(p, q) AS n FROM wide;
SELECT CASE WHEN (p).x > 0 THEN p ELSE q END AS c FROM wide;
SELECT id, rank() OVER (ORDER BY p) AS r, lag(p) OVER (ORDER BY id) AS l FROM wide;
SELECT id, jsonb_populate_record(p, '{"y": "new"}') AS n FROM wide;
SELECT w.id, u.x, u.y FROM wide w, unnest(w.ps) u(x, y);
SELECT d.id, (jsonb_populate_record(NULL::pair, jsonb_build_object('x', d.k))).x AS kx FROM doc d;
