WITH z AS (SELECT a, count(*) AS n FROM x GROUP BY a) SELECT * FROM z;
WITH z AS MATERIALIZED (SELECT a, b FROM x) SELECT z1.a, z2.b FROM z z1 JOIN z z2 ON z1.a = z2.a;
WITH z AS NOT MATERIALIZED (SELECT a, b FROM x WHERE b > 0) SELECT a FROM z UNION ALL SELECT b FROM z;
WITH z(k, v) AS (SELECT a, b FROM x) SELECT k, sum(v) AS s FROM z GROUP BY k;
WITH z AS (SELECT a FROM x), w AS (SELECT a FROM z WHERE a > 0) SELECT w.a, y.b FROM w JOIN y ON y.a = w.a;
WITH z AS (SELECT a, sum(b) AS s FROM x GROUP BY a), m AS (SELECT max(s) AS s FROM z) SELECT z.a FROM z, m WHERE z.s = m.s;
WITH z AS (SELECT DISTINCT a FROM x) SELECT a FROM y WHERE a NOT IN (SELECT a FROM z WHERE a IS NOT NULL);
WITH z AS (WITH i AS (SELECT a FROM y) SELECT a FROM i WHERE a IS NOT NULL) SELECT count(*) AS n FROM z;
WITH x AS (SELECT a + 1 AS a FROM public.x) SELECT a FROM x;
WITH z AS (SELECT a FROM x) SELECT (WITH q AS (SELECT max(a) AS m FROM z) SELECT m FROM q) AS m, count(*) AS n FROM y;
-- recomputed: a data-modifying WITH
WITH z AS (VALUES (0, 'a'), (1, 'b')) SELECT x.a, z.column2 FROM x JOIN z ON z.column1 = x.a;
WITH z AS (SELECT * FROM x), w AS (SELECT * FROM y) SELECT * FROM z FULL JOIN w USING (a, b);
WITH z AS (SELECT dept, avg(pay) AS mean FROM emp GROUP BY dept) SELECT e.id FROM emp e JOIN z ON z.dept = e.dept AND e.pay > z.mean;
WITH z AS (SELECT id, rank() OVER (PARTITION BY dept ORDER BY pay DESC NULLS LAST, id) AS r, name FROM emp) SELECT name FROM z WHERE r = 1;
WITH z AS (SELECT 1 AS one) SELECT one, count(*) AS n FROM z, x GROUP BY one;
WITH unused AS (SELECT a FROM y), z AS (SELECT a FROM x) SELECT a FROM z;
WITH z AS (SELECT a, b FROM x UNION SELECT a, b FROM y) SELECT a, count(b) AS n FROM z GROUP BY a HAVING count(*) > 1;
WITH z AS (SELECT a FROM x EXCEPT SELECT a FROM y) SELECT z.a, (SELECT count(*) FROM z) AS n FROM z;
WITH big AS (SELECT * FROM emp WHERE pay > 200) SELECT b.id, c.id AS other FROM big b JOIN big c ON b.dept = c.dept AND b.id < c.id;
-- recomputed: the reference z.a
WITH z AS (SELECT a FROM x) SELECT a FROM z WHERE EXISTS (WITH q AS (SELECT b FROM y) SELECT FROM q WHERE q.b = z.a);
-- recomputed: WITH RECURSIVE
WITH RECURSIVE t(n) AS (SELECT dst FROM edge WHERE src = 1 UNION SELECT e.dst FROM edge e JOIN t ON e.src = t.n) SELECT n FROM t;
-- recomputed: WITH RECURSIVE
WITH RECURSIVE t(s, d) AS (SELECT src, dst FROM edge UNION SELECT t.s, e.dst FROM t JOIN edge e ON e.src = t.d) SELECT s, count(*) AS n FROM t GROUP BY s;
-- recomputed: WITH RECURSIVE
WITH RECURSIVE t(id, depth) AS (SELECT id, 0 FROM emp WHERE boss IS NULL UNION ALL SELECT e.id, t.depth + 1 FROM emp e JOIN t ON e.boss = t.id WHERE t.depth < 5) SELECT id, depth FROM t;
-- recomputed: WITH RECURSIVE
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT t.n, count(x.a) AS c FROM t LEFT JOIN x ON x.a = t.n GROUP BY t.n;
-- recomputed: WITH RECURSIVE
WITH RECURSIVE z AS (SELECT a FROM x) SELECT a FROM z;
WITH a AS (SELECT a FROM x), b AS (SELECT a FROM a UNION ALL SELECT a FROM y), c AS (SELECT a, count(*) AS n FROM b GROUP BY a) SELECT c.n, count(*) AS m FROM c GROUP BY c.n;
WITH z AS (SELECT a, b, count(*) AS n FROM x GROUP BY ROLLUP (a, b)) SELECT z1.a, z1.n FROM z z1 JOIN z z2 ON z1.n = z2.n AND z2.b IS NULL;
WITH d AS (SELECT dept, max(name) AS name FROM dept GROUP BY dept) SELECT e.id, d.name FROM emp e LEFT JOIN d USING (dept);
