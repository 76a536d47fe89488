-- case: chain: four levels
CREATE TABLE t (id int PRIMARY KEY, g int, v int);
INSERT INTO t SELECT i, i % 3, i FROM generate_series(1, 12) i;
-- stream table: l1
SELECT id, g, v FROM t WHERE v > 2;
-- stream table: l2
SELECT g, sum(v) AS v, count(*) AS n FROM l1 GROUP BY g;
-- stream table: l3
SELECT g, v, n FROM l2 WHERE v > 5;
-- stream table: l4
SELECT sum(v) AS v, max(n) AS n, count(*) AS groups FROM l3;
-- round
UPDATE t SET v = 0 WHERE g = 1;
-- round
DELETE FROM t WHERE g = 2;
INSERT INTO t VALUES (100, 7, 50);
-- round
TRUNCATE t;
-- round
INSERT INTO t VALUES (1, 1, 1), (2, 2, 20);

-- case: diamond: both arms meet
CREATE TABLE t (id int PRIMARY KEY, g int, v int);
INSERT INTO t SELECT i, i % 2, i FROM generate_series(1, 6) i;
-- stream table: a
SELECT g, sum(v) AS v FROM t GROUP BY g;
-- stream table: b
SELECT g, count(*) AS n FROM t GROUP BY g;
-- stream table: c
SELECT a.g, v, n, v::numeric / n AS mean FROM a JOIN b ON a.g = b.g;
-- round
INSERT INTO t VALUES (7, 2, 7), (8, 0, 8);
-- round
DELETE FROM t WHERE g = 1;
UPDATE t SET g = 1 WHERE id = 7;

-- case: diamond: of a stream table with its own source
CREATE TABLE t (id int PRIMARY KEY, g int, v int);
INSERT INTO t SELECT i, i % 2, i FROM generate_series(1, 6) i;
-- stream table: total
SELECT g, sum(v) AS total FROM t GROUP BY g;
-- stream table: share
SELECT t.id, t.v, total.total FROM t JOIN total ON total.g = t.g;
-- round
UPDATE t SET v = v + 1 WHERE id < 3;
-- round
UPDATE t SET g = 0;
-- round
DELETE FROM t WHERE id > 2;

-- case: over having: rows that were hidden become visible
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (2, 20);
-- stream table: big
SELECT g, sum(v) AS v FROM t GROUP BY g HAVING sum(v) > 10;
-- stream table: n
SELECT count(*) AS n, sum(v) AS v FROM big;
-- stream table: l
SELECT t.g, t.v, big.v AS total FROM t LEFT JOIN big USING (g);
-- round
INSERT INTO t VALUES (1, 50), (2, -15);
-- round
UPDATE t SET g = 3 - g;
-- round: changes below the line only
UPDATE t SET v = 0;

-- case: over avg: the state is not the value
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (1, 3), (2, 2);
-- stream table: mean
SELECT g, avg(v) AS a, min(v) AS lo FROM t GROUP BY g;
-- stream table: over
SELECT a, count(*) AS n FROM mean GROUP BY a;
-- round: the average stays
INSERT INTO t VALUES (1, 2);
-- round: it changes to another group's
INSERT INTO t VALUES (2, 4), (2, 0);
-- round
DELETE FROM t WHERE g = 1;

-- case: over distinct and union
CREATE TABLE a (v int);
CREATE TABLE b (v int);
INSERT INTO a VALUES (1), (1), (2);
INSERT INTO b VALUES (2), (3);
-- stream table: d
SELECT DISTINCT v FROM a;
-- stream table: u
SELECT v FROM d UNION SELECT v FROM b;
-- stream table: n
SELECT count(*) AS n, sum(v) AS v FROM u;
-- round
DELETE FROM a WHERE ctid = (SELECT min(ctid) FROM a);
DELETE FROM b WHERE v = 2;
-- round
DELETE FROM a;
INSERT INTO b VALUES (2);

-- case: over a keyless stream table with duplicates
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 1), (1, 1), (NULL, 1);
-- stream table: p
SELECT a FROM t;
-- stream table: q
SELECT a, count(*) AS n FROM p GROUP BY a;
-- stream table: r
SELECT x.a FROM p AS x JOIN p AS y ON x.a = y.a;
-- round
DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t);
-- round
INSERT INTO t VALUES (1, 5), (NULL, 7);
-- round: no change above the first
UPDATE t SET b = b + 1;

-- case: over a recomputed stream table
-- mode: ANY
CREATE TABLE t (id int PRIMARY KEY, g int, v int);
INSERT INTO t SELECT i, i % 2, i FROM generate_series(1, 6) i;
-- stream table: ranked
SELECT id, g, v, rank() OVER (PARTITION BY g ORDER BY v DESC) AS r FROM t;
-- stream table: best
SELECT g, max(v) AS v, count(*) AS n FROM ranked WHERE r <= 2 GROUP BY g;
-- round
DELETE FROM t WHERE id = 6;
-- round
INSERT INTO t VALUES (10, 1, 3), (11, 0, 100);

-- case: through a view over a stream table
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (2, 2);
-- stream table: s1
SELECT g, sum(v) AS v FROM t GROUP BY g;
-- stream table: s2
SELECT x.g, x.v + y.v AS v FROM s1 x JOIN s1 y ON x.g <= y.g;
-- round
INSERT INTO t VALUES (1, 5), (3, 3);
-- round
DELETE FROM t WHERE g = 2;

-- case: left join of two stream tables
CREATE TABLE c (id int PRIMARY KEY, seg text);
CREATE TABLE o (id int PRIMARY KEY, c_id int, v int);
INSERT INTO c VALUES (1, 'x'), (2, 'y');
INSERT INTO o VALUES (1, 1, 10);
-- stream table: totals
SELECT c_id, sum(v) AS v FROM o GROUP BY c_id HAVING sum(v) > 0;
-- stream table: named
SELECT id, seg FROM c WHERE seg <> 'z';
-- stream table: both_
SELECT named.id, seg, totals.v FROM named LEFT JOIN totals ON totals.c_id = named.id;
-- stream table: top
SELECT seg, sum(v) AS v, count(*) AS n, count(v) AS m FROM both_ GROUP BY seg;
-- round
INSERT INTO o VALUES (2, 2, 5), (3, 1, -10);
-- round
UPDATE c SET seg = 'z' WHERE id = 1;
UPDATE o SET c_id = 2;
-- round
UPDATE c SET seg = 'x';
DELETE FROM o WHERE id < 3;
