-- case: a subquery with LIMIT: in FROM, in a set operation, in IN, in a common table expression
CREATE TABLE t (id int PRIMARY KEY, a int, b int, s text);
INSERT INTO t SELECT i, i % 3, i % 2, chr(97 + i % 4) FROM generate_series(1, 12) i;
-- stream table: in_from
SELECT z.a, count(*) AS n FROM (SELECT a, b FROM t ORDER BY b LIMIT 5) z GROUP BY z.a;
-- answer
SELECT z.a, count(*) AS n FROM (SELECT a, b FROM t ORDER BY b, a LIMIT 5) z GROUP BY z.a;
-- stream table: arms
(SELECT a, s FROM t ORDER BY s DESC LIMIT 3) UNION ALL (SELECT b, s FROM t ORDER BY s OFFSET 2 LIMIT 2);
-- answer
(SELECT a, s FROM t ORDER BY s DESC, a LIMIT 3) UNION ALL (SELECT b, s FROM t ORDER BY s, b OFFSET 2 LIMIT 2);
-- stream table: in_in
SELECT id FROM t WHERE a IN (SELECT b FROM t t2 ORDER BY b DESC, id LIMIT 2);
-- stream table: in_with
WITH z AS (SELECT id, a FROM t ORDER BY a FETCH FIRST 2 ROWS WITH TIES) SELECT z.id, t.s FROM z JOIN t ON t.a = z.id;
-- stream table: of_all
SELECT z.k FROM ((SELECT a AS k FROM t) UNION (SELECT id FROM t) ORDER BY 1 DESC LIMIT 4) z;
-- stream table: of_groups
SELECT z.a FROM (SELECT a, count(*) AS n FROM t GROUP BY a ORDER BY n DESC LIMIT 2) z;
-- answer
SELECT z.a FROM (SELECT a, count(*) AS n FROM t GROUP BY a ORDER BY n DESC, a LIMIT 2) z;
-- round
DELETE FROM t WHERE id IN (2, 5, 8);
-- round
UPDATE t SET b = -1, s = 'z' WHERE id = 11;
INSERT INTO t VALUES (20, 0, 0, 'a'), (21, NULL, NULL, NULL);
-- round
DELETE FROM t WHERE id > 1;

-- case: ties: at a LIMIT, under row_number, lag, DISTINCT ON and frames of rows
CREATE TABLE t (id int, a int, b int, v numeric, j json);
INSERT INTO t SELECT i, i % 2, i % 3, CASE WHEN i % 2 = 0 THEN 1.0 ELSE 1.00 END, '{}' FROM generate_series(1, 12) i;
-- stream table: at_limit
SELECT id FROM t ORDER BY a LIMIT 4;
-- answer
SELECT id FROM t ORDER BY a, id LIMIT 4;
-- stream table: at_offset
SELECT b, id FROM t ORDER BY a OFFSET 3 FETCH NEXT 5 ROWS ONLY;
-- answer
SELECT b, id FROM t ORDER BY a, b, id OFFSET 3 FETCH NEXT 5 ROWS ONLY;
-- stream table: no_order
SELECT id, a FROM t LIMIT 5;
-- answer
SELECT id, a FROM t ORDER BY id, a LIMIT 5;
-- stream table: of_groups
SELECT b, count(*) AS n FROM t GROUP BY b ORDER BY n DESC LIMIT 1;
-- answer
SELECT b, count(*) AS n FROM t GROUP BY b ORDER BY n DESC, b LIMIT 1;
-- stream table: numbered
SELECT id, row_number() OVER (PARTITION BY a ORDER BY b) AS n, ntile(3) OVER (ORDER BY b) AS t FROM t;
-- answer
SELECT id, row_number() OVER (PARTITION BY a ORDER BY b, id) AS n, ntile(3) OVER (ORDER BY b, id) AS t FROM t;
-- stream table: neighbours
SELECT id, lag(id) OVER w AS l, first_value(id) OVER w AS f, rank() OVER w AS r FROM t WINDOW w AS (PARTITION BY a ORDER BY b);
-- answer
SELECT id, lag(id) OVER (PARTITION BY a ORDER BY b, id) AS l, first_value(id) OVER (PARTITION BY a ORDER BY b, id) AS f,
  rank() OVER (PARTITION BY a ORDER BY b) AS r FROM t;
-- stream table: of_rows
SELECT id, sum(id) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM t;
-- answer
SELECT id, sum(id) OVER (ORDER BY b, id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM t;
-- stream table: first_of_each
SELECT DISTINCT ON (a) a, id FROM t ORDER BY a, b;
-- answer
SELECT DISTINCT ON (a) a, id FROM t ORDER BY a, b, id;
-- stream table: first_of_any
SELECT DISTINCT ON (a, b) a, b, id FROM t;
-- answer
SELECT DISTINCT ON (a, b) a, b, id FROM t ORDER BY a, b, id;
-- stream table: without_order
SELECT j, id FROM t ORDER BY a LIMIT 3;
-- answer
SELECT j, id FROM t ORDER BY a, id::text LIMIT 3;
-- round
INSERT INTO t VALUES (13, 0, 0, 1, '{}'), (14, 1, 0, 1.000, '{}');
-- round
DELETE FROM t WHERE id IN (2, 3, 4);
-- round
UPDATE t SET a = 0, b = 0;
