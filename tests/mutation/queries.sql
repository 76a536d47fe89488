-- What the regression suite has too little of: the clock, and groups that a filtered input asks for.
SELECT id FROM doc WHERE tz > now() - interval '20 days';
SELECT k, count(*) AS n FROM doc WHERE d > current_date - 70 AND d <= current_date - 20 GROUP BY k;
SELECT id, d > current_date - 60 AS recent FROM doc;
SELECT e.id, d.k FROM emp e LEFT JOIN doc d ON d.id = e.id AND d.ts < localtimestamp;
SELECT k, count(*) FILTER (WHERE tz < now()) AS past FROM doc GROUP BY k;
SELECT z.a, z.n, y.b FROM (SELECT a, count(*) AS n FROM x GROUP BY a) z JOIN y ON y.a = z.a WHERE y.b = 0;
SELECT z.dept, z.s, d.name FROM (SELECT dept, sum(pay) AS s FROM emp GROUP BY dept) z JOIN dept d ON d.dept = z.dept WHERE d.budget > 0;
SELECT z.id, z.r FROM (SELECT id, dept, rank() OVER (PARTITION BY dept ORDER BY id) AS r FROM emp) z JOIN dept d ON d.dept = z.dept WHERE d.name = 'ops';
SELECT z.k, z.m FROM (SELECT g AS k, max(i4) AS m, array_agg(id ORDER BY id) AS ids FROM vals GROUP BY g) z JOIN x ON x.a = z.k WHERE x.b = 1;
SELECT g, max(i4) FILTER (WHERE h = 1) AS m, min(i4) FILTER (WHERE h = 1) AS n FROM vals GROUP BY g;
SELECT count(*) AS n, max(i4) AS m, sum(i4) AS s FROM vals;
SELECT z.k, z.n FROM (SELECT a AS k, count(*) + 1 AS n FROM x GROUP BY a HAVING count(*) > 1) z JOIN y ON y.a = z.k WHERE y.b = 0;
