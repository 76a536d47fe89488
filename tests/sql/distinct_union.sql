-- case: distinct: duplicates come and go
CREATE TABLE t (a int, b text);
INSERT INTO t VALUES (1, 'x'), (1, 'x'), (2, 'y'), (NULL, NULL), (NULL, NULL);
-- stream table: s
SELECT DISTINCT a, b FROM t;
-- round: one of two
DELETE FROM t WHERE ctid IN (SELECT min(ctid) FROM t GROUP BY a, b HAVING count(*) > 1);
-- round: the last one, and a new duplicate
DELETE FROM t WHERE a = 1;
INSERT INTO t VALUES (2, 'y'), (3, NULL);
-- round
DELETE FROM t WHERE a IS NULL;

-- case: distinct: over a projection of a keyed table
CREATE TABLE t (id int PRIMARY KEY, a int);
INSERT INTO t VALUES (1, 1), (2, 1), (3, 2);
-- stream table: s
SELECT DISTINCT a + 1 AS b FROM t WHERE id < 10;
-- round
UPDATE t SET id = 20 WHERE id = 1;
-- round
UPDATE t SET id = 21 WHERE id = 2;
INSERT INTO t VALUES (4, NULL), (5, NULL);

-- case: distinct: over a join
CREATE TABLE a (k int, v text);
CREATE TABLE b (k int);
INSERT INTO a VALUES (1, 'x'), (2, 'x'), (3, 'y');
INSERT INTO b VALUES (1), (1), (2);
-- stream table: s
SELECT DISTINCT v FROM a JOIN b USING (k);
-- round
DELETE FROM b WHERE k = 1;
-- round
DELETE FROM a WHERE k = 2;
INSERT INTO b VALUES (3);

-- case: distinct: over aggregates, and aggregates over distinct
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (2, 1), (3, 2), (3, 2);
-- stream table: d
SELECT DISTINCT sum(v) AS total FROM t GROUP BY g;
-- stream table: a
SELECT count(*) AS n, sum(v) AS v FROM (SELECT DISTINCT g, v FROM t) AS q;
-- round
DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE g = 3);
-- round
INSERT INTO t VALUES (1, 1), (4, NULL);
DELETE FROM t WHERE g = 3;

-- case: distinct: equal numerics of different scale are one
CREATE TABLE t (id int PRIMARY KEY, v numeric);
INSERT INTO t VALUES (1, 1.0), (2, 1.00), (3, 2);
-- stream table: s
SELECT DISTINCT v FROM t;
-- round
DELETE FROM t WHERE id = 1;
-- round
INSERT INTO t VALUES (4, 2.000);
DELETE FROM t WHERE id = 3;
-- round
DELETE FROM t WHERE id IN (2, 4);

-- case: distinct: minus zero and NaN
CREATE TABLE t (id int PRIMARY KEY, v float8);
INSERT INTO t VALUES (1, '0'), (2, '-0'), (3, 'NaN'), (4, 'NaN'), (5, 'Infinity');
-- stream table: s
SELECT DISTINCT v FROM t;
-- stream table: g
SELECT v, count(*) AS n FROM t GROUP BY v;
-- round
DELETE FROM t WHERE id IN (1, 3);
-- round
DELETE FROM t WHERE id IN (2, 4);

-- case: union all: duplicates from both branches add up
CREATE TABLE a (v int);
CREATE TABLE b (v int);
INSERT INTO a VALUES (1), (1), (NULL);
INSERT INTO b VALUES (1), (2);
-- stream table: s
SELECT v FROM a UNION ALL SELECT v FROM b;
-- round
DELETE FROM a WHERE v = 1;
-- round
INSERT INTO b VALUES (NULL), (1);
INSERT INTO a VALUES (2);

-- case: union all: a row moves from one branch to the other
CREATE TABLE a (v int);
CREATE TABLE b (v int);
INSERT INTO a VALUES (1), (2);
-- stream table: s
SELECT v FROM a UNION ALL SELECT v FROM b;
-- stream table: tagged
SELECT 'a' AS src, v FROM a UNION ALL SELECT 'b', v FROM b;
-- round
WITH gone AS (DELETE FROM a WHERE v = 1 RETURNING v) INSERT INTO b SELECT v FROM gone;
-- round
UPDATE a SET v = 1;

-- case: union all: the same table twice
CREATE TABLE t (v int);
INSERT INTO t VALUES (1), (5), (NULL);
-- stream table: s
SELECT v FROM t WHERE v > 0 UNION ALL SELECT v FROM t WHERE v > 3 OR v IS NULL;
-- round
UPDATE t SET v = v + 3;
-- round
DELETE FROM t WHERE v > 5;
INSERT INTO t VALUES (9), (9);

-- case: union: a row stays while any branch has it
CREATE TABLE a (v int);
CREATE TABLE b (v int);
INSERT INTO a VALUES (1), (1), (2), (NULL);
INSERT INTO b VALUES (2), (3), (NULL);
-- stream table: s
SELECT v FROM a UNION SELECT v FROM b;
-- round
DELETE FROM a WHERE v IS NULL OR v = 2;
-- round
DELETE FROM b;
-- round
INSERT INTO b VALUES (1);
DELETE FROM a;

-- case: union: mixed with union all, both ways of parentheses
CREATE TABLE a (v int);
CREATE TABLE b (v int);
CREATE TABLE c (v int);
INSERT INTO a VALUES (1), (1);
INSERT INTO b VALUES (1), (2);
INSERT INTO c VALUES (2), (2);
-- stream table: l
(SELECT v FROM a UNION SELECT v FROM b) UNION ALL SELECT v FROM c;
-- stream table: r
SELECT v FROM a UNION ALL (SELECT v FROM b UNION SELECT v FROM c);
-- stream table: flat
SELECT v FROM a UNION ALL SELECT v FROM b UNION SELECT v FROM c;
-- round
DELETE FROM a WHERE ctid = (SELECT min(ctid) FROM a);
INSERT INTO c VALUES (1);
-- round
DELETE FROM c WHERE v = 2;
DELETE FROM b;

-- case: union: branches of different types
CREATE TABLE a (v int, s varchar(3));
CREATE TABLE b (v numeric(6,2), s text);
INSERT INTO a VALUES (1, 'x'), (2, 'y');
INSERT INTO b VALUES (1.00, 'x'), (2.50, 'y');
-- stream table: s
SELECT v, s FROM a UNION SELECT v, s FROM b;
-- stream table: n
SELECT v, NULL AS x FROM a UNION ALL SELECT NULL, v FROM b;
-- round
UPDATE b SET v = 2;
-- round
DELETE FROM a;

-- case: union: of grouped branches
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (1, 2), (2, 3);
-- stream table: s
SELECT g, sum(v) AS x FROM t GROUP BY g UNION SELECT count(*)::int, max(v) FROM t;
-- round
INSERT INTO t VALUES (3, 3);
-- round
DELETE FROM t WHERE g = 2;
-- round
TRUNCATE t;

-- case: union all: of many branches over one table
CREATE TABLE t (a int, b int, c int);
INSERT INTO t VALUES (1, 2, 3), (NULL, 2, 1);
-- stream table: s
SELECT v, count(*) AS n
FROM (SELECT a AS v FROM t UNION ALL SELECT b FROM t UNION ALL SELECT c FROM t UNION ALL SELECT a + b FROM t) AS q GROUP BY v;
-- round
UPDATE t SET a = 1, c = c + 1;
-- round
DELETE FROM t WHERE c = 4;

-- case: values in FROM beside a table
-- mode: ANY
CREATE TABLE t (k int, v int);
INSERT INTO t VALUES (1, 10), (2, 20), (3, 30);
-- stream table: s
SELECT names.name, t.v FROM (VALUES (1, 'one'), (2, 'two'), (9, 'nine')) AS names (k, name) LEFT JOIN t USING (k);
-- round
DELETE FROM t WHERE k = 1;
INSERT INTO t VALUES (9, 90), (9, 91);

-- case: intersect and except
-- mode: ANY
CREATE TABLE a (v int);
CREATE TABLE b (v int);
INSERT INTO a VALUES (1), (1), (2), (NULL);
INSERT INTO b VALUES (1), (NULL), (3);
-- stream table: i
SELECT v FROM a INTERSECT SELECT v FROM b;
-- stream table: ia
SELECT v FROM a INTERSECT ALL SELECT v FROM b;
-- stream table: e
SELECT v FROM a EXCEPT SELECT v FROM b;
-- stream table: ea
SELECT v FROM a EXCEPT ALL SELECT v FROM b;
-- round
INSERT INTO b VALUES (1), (2);
DELETE FROM a WHERE v IS NULL;
-- round
DELETE FROM b WHERE v = 1;
