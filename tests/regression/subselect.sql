SELECT a FROM x WHERE a IN (SELECT a FROM y);
SELECT a FROM x WHERE a NOT IN (SELECT a FROM y);
SELECT a FROM x WHERE a NOT IN (SELECT a FROM y WHERE a IS NOT NULL);
SELECT a, b FROM x WHERE (a, b) IN (SELECT a, b FROM y);
SELECT a, b FROM x WHERE (a, b) NOT IN (SELECT a, b FROM y);
-- recomputed: IN over such a subquery inside an expression
SELECT a, b FROM x WHERE (b, a) IN (SELECT a, b FROM y) OR a = 2;
SELECT a FROM x WHERE a + 1 IN (SELECT b + 1 FROM y);
SELECT a FROM x WHERE a = ANY (SELECT b FROM y) AND b <> ALL (SELECT a FROM y WHERE a > 1);
SELECT a FROM x WHERE a > ALL (SELECT b FROM y WHERE b IS NOT NULL);
SELECT a FROM x WHERE a >= ANY (SELECT b FROM y);
SELECT a FROM x WHERE a < ALL (SELECT y.a FROM y WHERE y.b = x.b);
SELECT a, b FROM x WHERE EXISTS (SELECT FROM y WHERE y.a = x.a);
SELECT a, b FROM x WHERE NOT EXISTS (SELECT FROM y WHERE y.a = x.a);
SELECT a, b FROM x WHERE EXISTS (SELECT FROM y WHERE y.a < x.a AND y.b IS NULL);
SELECT a, b FROM x WHERE NOT EXISTS (SELECT FROM y WHERE y.a = x.a OR y.b = x.b);
SELECT a, b FROM x WHERE EXISTS (SELECT FROM y) AND NOT EXISTS (SELECT FROM y WHERE y.a = 99);
SELECT a, b FROM x WHERE EXISTS (SELECT FROM y WHERE y.a = x.a AND EXISTS (SELECT FROM edge e WHERE e.src = y.a));
-- recomputed: a subquery correlated over more than one level
SELECT a, b FROM x WHERE EXISTS (SELECT FROM y WHERE y.a = x.a AND EXISTS (SELECT FROM edge e WHERE e.src = x.b AND e.dst >= y.a));
SELECT a, b FROM x WHERE NOT (EXISTS (SELECT FROM y WHERE y.a = x.a) OR b = 1);
SELECT a, b FROM x WHERE EXISTS (SELECT FROM y WHERE y.a = x.a) = (b = 0);
SELECT a, a IN (SELECT a FROM y) AS i, a NOT IN (SELECT b FROM y) AS n FROM x;
SELECT a, EXISTS (SELECT FROM y WHERE y.a = x.a) AS e FROM x;
SELECT a, CASE WHEN EXISTS (SELECT FROM y WHERE y.b = x.b) THEN 'y' ELSE 'n' END AS c FROM x;
SELECT a, (SELECT count(*) FROM y) AS n FROM x;
SELECT a, (SELECT max(b) FROM y WHERE y.a = x.a) AS m FROM x;
SELECT a, (SELECT count(*) FROM y WHERE y.a = x.a) AS n FROM x;
-- recomputed: a subquery correlated by something else than equality
SELECT a, coalesce((SELECT sum(y.b) FROM y WHERE y.a = x.a AND y.b >= x.b), -1) AS s FROM x;
-- recomputed: a subquery correlated by something else than equality
SELECT a, (SELECT count(*) FROM y WHERE y.a > x.a) AS n FROM x;
-- recomputed: a correlated scalar subquery with an aggregate other than count, sum, avg, min, max
SELECT a, (SELECT string_agg(y.b::text, ',' ORDER BY y.b) FROM y WHERE y.a IS NOT DISTINCT FROM x.a) AS s FROM x;
SELECT a, b FROM x WHERE b = (SELECT max(b) FROM x x2 WHERE x2.a = x.a);
SELECT a, b FROM x WHERE b > (SELECT avg(b) FROM x);
SELECT a, b FROM x WHERE (SELECT count(*) FROM y WHERE y.a = x.a) > 1;
SELECT a, b FROM x WHERE (SELECT count(*) FROM y WHERE y.a = x.a) = 0;
SELECT id, name FROM emp e WHERE pay > (SELECT avg(pay) FROM emp e2 WHERE e2.dept = e.dept);
SELECT id, name FROM emp e WHERE pay = (SELECT max(pay) FROM emp);
-- recomputed: a scalar subquery that is not one aggregate
SELECT id, (SELECT b.name FROM emp b WHERE b.id = e.boss) AS boss FROM emp e;
SELECT id FROM emp e WHERE dept IN (SELECT dept FROM dept GROUP BY dept HAVING count(*) > 1);
SELECT id FROM emp e WHERE dept IN (SELECT dept FROM dept WHERE budget > e.pay);
SELECT id FROM emp e WHERE dept NOT IN (SELECT dept FROM dept WHERE budget > e.pay);
SELECT id FROM emp e WHERE dept IN (SELECT d.dept FROM dept d JOIN x ON x.a = d.dept WHERE x.b = e.dept);
SELECT id FROM emp WHERE id IN (SELECT boss FROM emp) AND id NOT IN (SELECT id FROM vals WHERE g = 1);
SELECT dept, count(*) AS n FROM emp GROUP BY dept HAVING count(*) > (SELECT avg(n) FROM (SELECT count(*) AS n FROM emp GROUP BY dept) z);
SELECT dept, count(*) AS n FROM emp GROUP BY dept HAVING count(*) >= (SELECT count(*) FROM dept d WHERE d.dept = emp.dept);
SELECT dept, sum(pay) AS s FROM emp GROUP BY dept HAVING EXISTS (SELECT FROM dept d WHERE d.dept = emp.dept);
SELECT dept, (SELECT max(budget) FROM dept d WHERE d.dept = e.dept) AS m, count(*) AS n FROM emp e GROUP BY dept;
SELECT z.a, z.n FROM (SELECT a, count(*) AS n FROM x WHERE b IN (SELECT b FROM y) GROUP BY a) z WHERE z.n > 0;
SELECT * FROM (SELECT a FROM x WHERE a IN (SELECT a FROM y) UNION ALL SELECT b FROM y WHERE b NOT IN (SELECT a FROM x WHERE a IS NOT NULL)) z;
SELECT (SELECT max(a) FROM x) AS mx, (SELECT min(a) FROM y) AS my, (SELECT count(*) FROM edge) AS n;
-- recomputed: a scalar subquery that is not one aggregate
SELECT (SELECT a FROM x WHERE false) AS nothing, count(*) AS n FROM y;
-- recomputed: a subquery in a join condition
SELECT x.a FROM x LEFT JOIN y ON x.a = y.a AND y.b = (SELECT max(b) FROM y);
-- recomputed: a subquery in a join condition
SELECT x.a, y.b FROM x JOIN y ON x.a = y.a AND EXISTS (SELECT FROM edge e WHERE e.src = x.b);
SELECT a FROM x WHERE (a, b) = (SELECT max(a), max(b) FROM y);
SELECT a FROM x WHERE ROW(a, b) IN (SELECT a, count(*) FROM y GROUP BY a);
SELECT a FROM x WHERE a = (SELECT count(*) FROM y y1 WHERE y1.a = (SELECT max(y2.a) FROM y y2 WHERE y2.b = y1.b));
-- recomputed: a subquery in this place
SELECT id, ARRAY(SELECT d.name FROM dept d WHERE d.dept = e.dept ORDER BY d.name) AS names FROM emp e;
SELECT a FROM x WHERE a IN (SELECT a FROM y UNION SELECT src FROM edge);
SELECT a FROM x WHERE a IN (SELECT y.a FROM y EXCEPT SELECT src FROM edge);
SELECT a FROM x WHERE a IN (SELECT DISTINCT ON (b) a FROM y WHERE a IS NOT NULL ORDER BY b, a);
SELECT a FROM x WHERE a IN (SELECT first_value(a) OVER (PARTITION BY b ORDER BY a) FROM y);
SELECT id FROM vals v WHERE i4 > ALL (SELECT i4 FROM vals w WHERE w.g = v.g AND w.id <> v.id AND w.i4 IS NOT NULL);
SELECT id FROM vals v WHERE num >= ALL (SELECT num FROM vals WHERE num IS NOT NULL);
SELECT id FROM vals WHERE t = SOME (SELECT name FROM emp) OR t LIKE ANY (ARRAY['a%', '%z']);
-- recomputed: LATERAL in FROM
SELECT e.id, l.budget FROM emp e, LATERAL (SELECT max(budget) AS budget FROM dept d WHERE d.dept = e.dept) l;
-- recomputed: LATERAL in FROM
SELECT e.id, l.n FROM emp e LEFT JOIN LATERAL (SELECT count(*) AS n FROM dept d WHERE d.dept = e.dept AND d.budget > e.id) l ON l.n > 0;
-- recomputed: LATERAL in FROM
SELECT e.id, l.budget FROM emp e CROSS JOIN LATERAL (SELECT d.budget FROM dept d WHERE d.dept = e.dept ORDER BY d.budget, d.name LIMIT 1) l;
-- recomputed: LIMIT, OFFSET or FETCH in a subquery
SELECT a FROM (SELECT a, b FROM x ORDER BY a LIMIT 3) z WHERE a IS NOT NULL;
SELECT count(*) AS n FROM (SELECT a FROM x WHERE NOT EXISTS (SELECT FROM y WHERE y.a IS NOT DISTINCT FROM x.a)) z;
-- recomputed: the reference x.a
SELECT x.a, (SELECT z.m FROM (SELECT max(y.b) AS m FROM y WHERE y.a = x.a) z) AS m FROM x;
SELECT a FROM x WHERE b NOT IN (SELECT count(*) FROM y GROUP BY a);
SELECT a, b FROM x WHERE NOT EXISTS (SELECT FROM x x2 WHERE x2.a = x.a AND x2.b > x.b);
