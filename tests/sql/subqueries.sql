-- case: subquery: filter above filter
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 1), (2, 2), (3, NULL);
-- stream table: s
SELECT x.c FROM (SELECT a + b AS c FROM t WHERE a > 1) AS x WHERE x.c IS NULL OR x.c < 10;
-- round
UPDATE t SET b = 5;
-- round
UPDATE t SET b = NULL, a = a + 1;

-- case: subquery: four levels with a group at each
CREATE TABLE t (a int, b int, c int, v int);
INSERT INTO t SELECT i % 2, i % 3, i % 5, i FROM generate_series(1, 30) i;
-- stream table: s
SELECT a, sum(m) AS s FROM (
  SELECT a, b, max(n) AS m FROM (
    SELECT a, b, c, count(*) AS n FROM (SELECT a, b, c FROM t WHERE v % 7 <> 0) AS q1 GROUP BY a, b, c
  ) AS q2 GROUP BY a, b
) AS q3 GROUP BY a;
-- round
DELETE FROM t WHERE v < 6;
-- round
UPDATE t SET a = 2 WHERE v = 20;
UPDATE t SET c = 0 WHERE v IN (8, 13);
-- round
INSERT INTO t VALUES (0, 0, 0, 1), (0, 0, 0, 1), (0, 0, 0, 7);

-- case: cte: used once
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (1, 2), (2, 3);
-- stream table: s
WITH q AS (SELECT g, sum(v) AS v FROM t GROUP BY g) SELECT g, v FROM q WHERE v > 2;
-- round
INSERT INTO t VALUES (2, 1), (3, 9);
-- round
DELETE FROM t WHERE v = 2;

-- case: cte: used twice, joined with itself
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (3, 4);
-- stream table: s
WITH q AS (SELECT g, sum(v) AS v FROM t GROUP BY g)
SELECT a.g, b.g AS h, a.v + b.v AS v FROM q AS a JOIN q AS b ON a.g = b.g + 1;
-- round
DELETE FROM t WHERE v = 4;
INSERT INTO t VALUES (4, 1), (2, 2);
-- round
UPDATE t SET g = g + 1;

-- case: cte: used three times in a union
CREATE TABLE t (v int);
INSERT INTO t VALUES (1), (2), (2);
-- stream table: s
WITH q AS MATERIALIZED (SELECT v, count(*) AS n FROM t GROUP BY v)
SELECT v AS x FROM q UNION ALL SELECT n FROM q UNION ALL SELECT sum(n) FROM q;
-- round
INSERT INTO t VALUES (3), (1), (NULL);
-- round
DELETE FROM t WHERE v = 2;

-- case: cte: one reads another, names hide tables
CREATE TABLE t (v int);
CREATE TABLE u (v int);
INSERT INTO t VALUES (1), (2);
INSERT INTO u VALUES (10);
-- stream table: s
WITH u AS (SELECT v + 1 AS v FROM t), t AS (SELECT v * 2 AS v FROM u) SELECT t.v, u.v AS w FROM t, u;
-- round
INSERT INTO t VALUES (5);
INSERT INTO u VALUES (11);
-- round
DELETE FROM t WHERE v = 1;

-- case: cte: never used
CREATE TABLE t (v int);
CREATE TABLE u (v int);
INSERT INTO t VALUES (1);
-- stream table: s
WITH unused AS (SELECT count(*) FROM u) SELECT v FROM t;
-- round
INSERT INTO u VALUES (1);
-- round
INSERT INTO t VALUES (2);

-- case: cte: with a column list, nested in a subquery
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 2), (3, 4);
-- stream table: s
SELECT q.x FROM (WITH w (x, y) AS (SELECT a, b FROM t) SELECT x + y AS x FROM w WHERE y > 2) AS q;
-- round
UPDATE t SET b = 3;

-- case: view: over a view over a view
CREATE TABLE t (g int, v int);
CREATE VIEW v1 AS SELECT g, v FROM t WHERE v IS NOT NULL;
CREATE VIEW v2 AS SELECT g, count(*) AS n, sum(v) AS v FROM v1 GROUP BY g;
CREATE VIEW v3 (grp, total) AS SELECT g, v FROM v2 WHERE n > 1;
INSERT INTO t VALUES (1, 1), (1, 2), (2, 3), (2, NULL);
-- stream table: s
SELECT v3.grp, v3.total, v2.n FROM v3 JOIN v2 ON v2.g = v3.grp;
-- round
UPDATE t SET v = 4 WHERE v IS NULL;
-- round
DELETE FROM t WHERE v = 1;

-- case: view: the same twice, beside its own table
CREATE TABLE t (id int PRIMARY KEY, p int);
CREATE VIEW roots AS SELECT id FROM t WHERE p IS NULL;
INSERT INTO t VALUES (1, NULL), (2, 1), (3, NULL), (4, 3), (5, 2);
-- stream table: s
SELECT a.id AS a, b.id AS b, t.id AS t FROM roots a JOIN roots b ON a.id < b.id LEFT JOIN t ON t.p = a.id;
-- round
UPDATE t SET p = NULL WHERE id = 2;
-- round
DELETE FROM t WHERE id = 1;

-- case: view: SELECT * of a view keeps its columns
CREATE TABLE t (a int, b int);
CREATE VIEW v AS SELECT * FROM t;
INSERT INTO t VALUES (1, 2);
-- stream table: s
SELECT v.*, v.a AS again FROM v;
-- round
INSERT INTO t VALUES (3, 4), (3, 4);

-- case: subquery: the same subquery twice, once padded
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (2, 2), (3, NULL);
-- stream table: s
SELECT a.g, b.m FROM (SELECT g, v FROM t WHERE v IS NOT NULL) AS a
LEFT JOIN (SELECT g, max(v) AS m FROM t GROUP BY g HAVING max(v) > 1) AS b ON a.g = b.g;
-- round
UPDATE t SET v = 3;
-- round
DELETE FROM t WHERE g = 1;
UPDATE t SET v = NULL WHERE g = 2;

-- case: subquery: columns renamed by the alias
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 2), (2, 1);
-- stream table: s
SELECT a, b FROM (SELECT a, b FROM t) AS q (b, a) WHERE a > b;
-- stream table: p
SELECT x, b FROM t AS q (x) WHERE x > 1;
-- round
UPDATE t SET a = a + 1;
-- round
INSERT INTO t VALUES (NULL, 5), (5, NULL), (2, 3), (2, 3);

-- case: subquery: distinct inside, group outside, join beside
CREATE TABLE o (id int PRIMARY KEY, c int, p int);
CREATE TABLE c (id int PRIMARY KEY, seg text);
INSERT INTO o VALUES (1, 1, 7), (2, 1, 7), (3, 2, 7), (4, 2, 8);
INSERT INTO c VALUES (1, 'x'), (2, 'x'), (3, 'y');
-- stream table: s
SELECT seg, count(*) AS pairs, count(p) AS bought
FROM c LEFT JOIN (SELECT DISTINCT c, p FROM o) AS q ON q.c = c.id GROUP BY seg;
-- round
DELETE FROM o WHERE id = 1;
INSERT INTO o VALUES (5, 3, 8);
-- round
DELETE FROM o WHERE id IN (2, 3);
-- round
UPDATE c SET seg = 'z';

-- case: subquery in WHERE: EXISTS, IN, NOT IN
-- mode: ANY
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int);
INSERT INTO a VALUES (1, 1), (2, 2), (NULL, 3);
INSERT INTO b VALUES (1);
-- stream table: e
SELECT v FROM a WHERE EXISTS (SELECT FROM b WHERE b.k = a.k);
-- stream table: n
SELECT v FROM a WHERE k NOT IN (SELECT k FROM b);
-- stream table: i
SELECT v FROM a WHERE k IN (SELECT k FROM b) OR v = 3;
-- round
INSERT INTO b VALUES (2), (2);
-- round
INSERT INTO b VALUES (NULL);
-- round
DELETE FROM b;

-- case: scalar subqueries
-- mode: ANY
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1, 1), (2, 2), (NULL, 3);
INSERT INTO b VALUES (1, 5), (1, 6);
-- stream table: s
SELECT v, (SELECT max(w) FROM b) AS hi, (SELECT count(*) FROM b WHERE b.k = a.k) AS n FROM a;
-- round
INSERT INTO b VALUES (2, 9);
-- round
DELETE FROM b;

-- case: window functions
-- mode: ANY
CREATE TABLE t (id int PRIMARY KEY, g int, v int);
INSERT INTO t VALUES (1, 1, 5), (2, 1, 3), (3, 2, 9);
-- stream table: s
SELECT id, g, row_number() OVER (PARTITION BY g ORDER BY v, id) AS rn, sum(v) OVER (PARTITION BY g) AS total FROM t;
-- round
INSERT INTO t VALUES (4, 1, 1);
UPDATE t SET g = 1 WHERE id = 3;
-- round
DELETE FROM t WHERE id = 2;

-- case: order by with limit
-- mode: ANY
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t SELECT i, i * 7 % 10 FROM generate_series(1, 10) i;
-- stream table: s
SELECT id, v FROM t ORDER BY v DESC, id LIMIT 3;
-- round
DELETE FROM t WHERE v > 8;
-- round
INSERT INTO t VALUES (11, 100);

-- case: order by without limit changes nothing
-- mode: ANY
CREATE TABLE t (v int);
INSERT INTO t VALUES (2), (1);
-- stream table: s
SELECT v FROM t ORDER BY v DESC;
-- round
INSERT INTO t VALUES (3);

-- case: recursive cte
CREATE TABLE t (id int PRIMARY KEY, p int);
INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2);
-- stream table: s
WITH RECURSIVE r AS (SELECT id, 0 AS depth FROM t WHERE p IS NULL UNION ALL SELECT t.id, depth + 1 FROM t JOIN r ON t.p = r.id)
SELECT * FROM r;
-- round
INSERT INTO t VALUES (4, 3), (5, 1);
-- round
DELETE FROM t WHERE id = 2;

-- case: lateral
-- mode: ANY
CREATE TABLE a (k int);
CREATE TABLE b (k int, v int);
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES (1, 1), (1, 5), (2, 3);
-- stream table: s
SELECT a.k, x.v FROM a LEFT JOIN LATERAL (SELECT v FROM b WHERE b.k = a.k ORDER BY v DESC LIMIT 1) AS x ON true;
-- stream table: g
SELECT a.k, i FROM a, generate_series(1, a.k) AS i;
-- round
DELETE FROM b WHERE v = 5;
INSERT INTO a VALUES (3);

-- case: subquery: ANY of an array inside EXISTS
-- mode: ANY
CREATE TABLE t (k int, v numeric, g int);
CREATE TABLE u (d int);
INSERT INTO t VALUES (1, 1, 1), (2, NULL, 2), (3, 5, NULL);
INSERT INTO u VALUES (1), (2);
-- stream table: a
SELECT k FROM t WHERE EXISTS (SELECT FROM u WHERE t.g = u.d AND (t.v = ANY (ARRAY[1::numeric, 2::numeric])));
-- stream table: b
SELECT k FROM t WHERE (t.v NOT IN (t.v, 3) IS NOT TRUE) OR EXISTS (SELECT FROM u WHERE t.g = u.d AND (t.v = ANY (ARRAY[1::numeric, 2::numeric])));
-- stream table: c
SELECT k, avg(v) AS a FROM t WHERE k > 0 OR EXISTS (SELECT FROM u WHERE t.g = u.d AND (t.v = ANY (ARRAY[1::numeric, 2::numeric]))) GROUP BY k;
-- round
INSERT INTO u VALUES (2), (NULL);
UPDATE t SET v = 2;
-- round
DELETE FROM u WHERE d = 1;
