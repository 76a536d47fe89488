-- case: recursive: reachability, two paths and one cut
CREATE TABLE e (s int, d int);
INSERT INTO e VALUES (1, 2), (2, 3), (1, 3), (3, 4), (4, 5), (6, 7);
-- stream table: s
WITH RECURSIVE r AS (SELECT s, d FROM e UNION SELECT r.s, e.d FROM r JOIN e ON r.d = e.s) SELECT s, d FROM r;
-- round
DELETE FROM e WHERE (s, d) = (1, 3);
-- round
DELETE FROM e WHERE (s, d) = (2, 3);
-- round
INSERT INTO e VALUES (2, 3), (5, 1);
-- round
DELETE FROM e WHERE (s, d) = (3, 4);

-- case: recursive: cycles appear, and are cut
CREATE TABLE e (s int, d int);
INSERT INTO e VALUES (1, 2), (2, 3), (3, 1), (3, 4), (4, 3);
-- stream table: s
WITH RECURSIVE r AS (SELECT s, d FROM e UNION SELECT r.s, e.d FROM r JOIN e ON r.d = e.s) SELECT s, d FROM r;
-- round
DELETE FROM e WHERE s = 3 AND d = 1;
-- round
INSERT INTO e VALUES (4, 1), (5, 1);
DELETE FROM e WHERE s = 1;
-- round
INSERT INTO e VALUES (1, 5), (1, 2);
-- round
DELETE FROM e;

-- case: recursive: a cycle that only reached itself goes with its entry
CREATE TABLE root (n int);
CREATE TABLE e (s int, d int);
INSERT INTO root VALUES (1);
INSERT INTO e VALUES (1, 2), (2, 3), (3, 2), (3, 4);
-- stream table: s
WITH RECURSIVE r AS (SELECT n FROM root UNION SELECT e.d FROM r JOIN e ON r.n = e.s) SELECT n FROM r;
-- round
DELETE FROM e WHERE s = 1;
-- round
INSERT INTO root VALUES (3), (3);
-- round
DELETE FROM root WHERE n = 1;
INSERT INTO e VALUES (4, 1);
-- round
TRUNCATE root;
-- round
INSERT INTO root VALUES (2);

-- case: recursive: both arms change in one batch
CREATE TABLE root (n int);
CREATE TABLE e (s int, d int);
INSERT INTO root VALUES (1), (10);
INSERT INTO e VALUES (1, 2), (2, 3), (10, 11), (11, 3);
-- stream table: s
WITH RECURSIVE r AS (SELECT n FROM root UNION SELECT e.d FROM r JOIN e ON r.n = e.s) SELECT n FROM r;
-- round
DELETE FROM root WHERE n = 1;
INSERT INTO e VALUES (3, 1);
-- round
INSERT INTO root VALUES (2), (12);
DELETE FROM e WHERE s = 11;
-- round
UPDATE root SET n = n + 1;
UPDATE e SET s = d, d = s WHERE s <> 3;

-- case: recursive: duplicate edges and NULLs under UNION
CREATE TABLE e (s int, d int);
INSERT INTO e VALUES (1, 2), (1, 2), (2, NULL), (NULL, 3), (2, 3), (2, 3);
-- stream table: s
WITH RECURSIVE r AS (
  SELECT s, d FROM e UNION SELECT r.s, e.d FROM r JOIN e ON r.d IS NOT DISTINCT FROM e.s
) SELECT s, d FROM r;
-- stream table: t
WITH RECURSIVE r AS (SELECT s, d FROM e UNION SELECT r.s, e.d FROM r JOIN e ON r.d = e.s) SELECT s, d FROM r;
-- round
DELETE FROM e WHERE ctid IN (SELECT min(ctid) FROM e WHERE s = 1);
-- round
DELETE FROM e WHERE s IS NULL;
INSERT INTO e VALUES (3, NULL), (3, NULL);
-- round
DELETE FROM e WHERE ctid IN (SELECT min(ctid) FROM e GROUP BY s, d);
-- round
INSERT INTO e VALUES (NULL, NULL), (NULL, 1);

-- case: recursive: an org chart with depth and path
CREATE TABLE emp (id int PRIMARY KEY, name text NOT NULL, boss int REFERENCES emp DEFERRABLE INITIALLY DEFERRED);
INSERT INTO emp VALUES (1, 'ann', NULL), (2, 'bob', 1), (3, 'cid', 1), (4, 'dan', 2), (5, 'eve', 4), (6, 'flo', 3);
-- stream table: s
WITH RECURSIVE r AS (
  SELECT id, name, boss, 0 AS depth, ARRAY[id] AS path FROM emp WHERE boss IS NULL
  UNION ALL
  SELECT e.id, e.name, e.boss, r.depth + 1, r.path || e.id FROM r JOIN emp AS e ON e.boss = r.id
) SELECT id, name, boss, depth, path FROM r;
-- round
UPDATE emp SET boss = 3 WHERE id = 2;
-- round
UPDATE emp SET name = 'doe' WHERE id = 4;
-- round
DELETE FROM emp WHERE id = 6;
INSERT INTO emp VALUES (7, 'gus', 5), (8, 'hal', NULL), (9, 'ida', 8);
-- round
UPDATE emp SET boss = 9 WHERE id = 1;
-- round
UPDATE emp SET boss = CASE WHEN id = 1 THEN NULL ELSE 1 END WHERE id IN (1, 9);
UPDATE emp SET boss = 7 WHERE id = 8;
-- round
UPDATE emp SET id = id + 100, boss = boss + 100;

-- case: recursive: a bill of materials counts paths
CREATE TABLE part (whole int, piece int, n int);
INSERT INTO part VALUES (1, 2, 2), (1, 3, 1), (2, 4, 3), (3, 4, 5), (4, 5, 1), (4, 5, 1);
-- stream table: s
WITH RECURSIVE r AS (
  SELECT whole, piece, n FROM part WHERE whole = 1
  UNION ALL
  SELECT r.whole, p.piece, r.n * p.n FROM r JOIN part AS p ON p.whole = r.piece
) SELECT piece, sum(n) AS n, count(*) AS ways FROM r GROUP BY piece;
-- round
UPDATE part SET n = n + 1 WHERE piece = 4;
-- round
DELETE FROM part WHERE ctid IN (SELECT min(ctid) FROM part WHERE piece = 5);
INSERT INTO part VALUES (3, 5, 7), (5, 6, 1);
-- round
DELETE FROM part WHERE whole = 1 AND piece = 2;
INSERT INTO part VALUES (1, 4, 1), (1, 4, 1);
-- round
DELETE FROM part WHERE piece = 4 AND n > 1;

-- case: recursive: UNION ALL over a batch that turns old edges into a cycle nobody enters
CREATE TABLE root (n int);
CREATE TABLE e (s int, d int);
INSERT INTO root VALUES (1);
INSERT INTO e VALUES (1, 2), (2, 3);
-- stream table: s
WITH RECURSIVE r AS (SELECT n, 0 AS k FROM root UNION ALL SELECT e.d, r.k + 1 FROM r JOIN e ON r.n = e.s) SELECT n, k FROM r;
-- round
DELETE FROM root;
INSERT INTO e VALUES (3, 1), (2, 1);
-- round
DELETE FROM e WHERE d = 1;
INSERT INTO root VALUES (1), (1), (2);

-- case: recursive: joined, grouped and read several times
CREATE TABLE node (id int PRIMARY KEY, up int, v int);
INSERT INTO node VALUES (1, NULL, 5), (2, 1, 7), (3, 1, 1), (4, 2, 2), (5, 4, 9), (6, NULL, 3), (7, 6, 3);
-- stream table: s
WITH RECURSIVE r AS (
  SELECT id, id AS top FROM node WHERE up IS NULL
  UNION ALL SELECT n.id, r.top FROM node AS n JOIN r ON n.up = r.id
) SELECT r.top, count(*) AS n, sum(n.v) AS v, max(n.v) AS m FROM r JOIN node AS n USING (id) GROUP BY r.top;
-- stream table: t
WITH RECURSIVE r AS (
  SELECT id, id AS top FROM node UNION SELECT n.id, r.top FROM node AS n JOIN r ON n.up = r.id
) SELECT a.top, b.top AS other FROM r AS a JOIN r AS b ON a.id = b.id WHERE a.top < b.top
  AND EXISTS (SELECT FROM r AS c WHERE c.top = a.top AND c.id <> a.id);
-- round
UPDATE node SET up = 7 WHERE id = 2;
-- round
UPDATE node SET v = v + 1 WHERE id % 2 = 1;
INSERT INTO node VALUES (8, 5, 1);
-- round
DELETE FROM node WHERE id = 4;
-- round
UPDATE node SET up = NULL WHERE id = 3;
UPDATE node SET id = 10 WHERE id = 1;

-- case: recursive: several, one above the other, beside others
CREATE TABLE e (s int, d int, k text);
INSERT INTO e VALUES (1, 2, 'a'), (2, 3, 'a'), (3, 4, 'b'), (4, 1, 'b'), (2, 5, 'b');
-- stream table: s
WITH RECURSIVE twice AS (SELECT a, count(*) AS n FROM rb GROUP BY a),
  ra(a, b) AS (SELECT s, d FROM e WHERE k = 'a' UNION SELECT ra.a, e.d FROM ra JOIN e ON e.s = ra.b AND e.k = 'a'),
  rb(a, b) AS (SELECT a, b FROM ra UNION SELECT rb.a, e.d FROM rb JOIN e ON e.s = rb.b AND e.k = 'b')
SELECT rb.a, rb.b, twice.n FROM rb LEFT JOIN twice ON twice.a = rb.b;
-- round
DELETE FROM e WHERE s = 3;
-- round
UPDATE e SET k = 'a' WHERE k = 'b';
-- round
INSERT INTO e VALUES (5, 6, 'b'), (6, 1, 'a'), (3, 3, 'b');

-- case: recursive: a step with exists, not exists and a left join
CREATE TABLE e (s int, d int);
CREATE TABLE shut (n int);
CREATE TABLE open (n int);
CREATE TABLE label (n int, t text);
INSERT INTO e SELECT i, i + 1 FROM generate_series(1, 8) AS i;
INSERT INTO shut VALUES (5);
INSERT INTO open SELECT generate_series(1, 9);
INSERT INTO label VALUES (2, 'two'), (3, 'three'), (3, 'drei');
-- stream table: s
WITH RECURSIVE r AS (
  SELECT 1 AS n UNION
  SELECT e.d FROM r JOIN e ON e.s = r.n WHERE NOT EXISTS (SELECT FROM shut WHERE shut.n = e.d)
) SELECT n FROM r;
-- stream table: t
WITH RECURSIVE r AS (
  SELECT 1 AS n, NULL::text AS t UNION ALL
  SELECT e.d, label.t FROM r JOIN e ON e.s = r.n LEFT JOIN label ON label.n = r.n
  WHERE EXISTS (SELECT FROM open WHERE open.n = r.n)
) SELECT n, t FROM r;
-- round
INSERT INTO shut VALUES (3), (3);
DELETE FROM open WHERE n = 6;
-- round
DELETE FROM shut;
INSERT INTO label VALUES (1, 'one'), (4, NULL);
-- round
INSERT INTO shut VALUES (7);
DELETE FROM label WHERE t = 'drei';
DELETE FROM e WHERE s = 4;
INSERT INTO e VALUES (2, 6);
-- round
INSERT INTO open VALUES (6), (6);
UPDATE shut SET n = 2;
-- round
TRUNCATE shut, label;

-- case: recursive: two tables in the step, both change
CREATE TABLE road (a int, b int);
CREATE TABLE ferry (a int, b int);
INSERT INTO road VALUES (1, 2), (3, 4), (5, 6), (7, 8);
INSERT INTO ferry VALUES (2, 3), (4, 5), (6, 7);
-- stream table: s
WITH RECURSIVE r AS (
  SELECT 1 AS n UNION ALL
  SELECT f.b FROM r, road, ferry AS f WHERE road.a = r.n AND f.a = road.b
) SELECT n FROM r;
-- stream table: t
WITH RECURSIVE r AS (
  SELECT 1 AS n UNION
  SELECT f.b FROM r, road, ferry AS f WHERE road.a = r.n AND f.a = road.b
) SELECT n FROM r;
-- round
DELETE FROM road WHERE a = 3;
INSERT INTO ferry VALUES (2, 5), (4, 9);
-- round
UPDATE ferry SET b = b WHERE a = 6;
INSERT INTO road VALUES (3, 4), (1, 6), (1, 6);
DELETE FROM ferry WHERE b = 9;
-- round
UPDATE road SET b = 6 WHERE a = 5;
UPDATE ferry SET b = 7 WHERE a = 4;

-- case: recursive: constants and a series
CREATE TABLE t (d int);
INSERT INTO t VALUES (2), (3), (5);
-- stream table: s
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 6)
SELECT i, count(t.d) AS c FROM n LEFT JOIN t ON t.d = i GROUP BY i;
-- stream table: u
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT max(d) FROM t)) SELECT i FROM n;
-- round
INSERT INTO t VALUES (2), (9);
-- round
DELETE FROM t WHERE d > 3;
-- round
DELETE FROM t;

-- case: recursive: text, numeric and varchar columns
CREATE TABLE e (s varchar(5), d varchar(5), w numeric(6,2));
INSERT INTO e VALUES ('a', 'b', 1.5), ('b', 'c', 2), ('c', 'd', 0.25), ('a', 'c', 9);
-- stream table: s
WITH RECURSIVE r(s, d, w, path) AS (
  SELECT s, d, w::numeric, s || '/' || d FROM e
  UNION ALL SELECT r.s, e.d, r.w + e.w, path || '/' || e.d FROM r JOIN e ON e.s = r.d
) SELECT s, d, w, path FROM r;
-- stream table: t
WITH RECURSIVE r AS (SELECT s, d FROM e UNION SELECT r.s, e.d FROM r JOIN e ON e.s = r.d) SELECT d, s FROM r;
-- round
UPDATE e SET w = w * 2 WHERE s = 'b';
-- round
INSERT INTO e VALUES ('d', 'e', 1), ('x', 'a', 0);
DELETE FROM e WHERE w = 9;

-- case: recursive: what is not linear is evaluated again, and only that
CREATE TABLE e (s int, d int);
CREATE TABLE name (n int, t text);
INSERT INTO e VALUES (1, 2), (2, 3), (3, 4), (4, 5);
INSERT INTO name SELECT i, 'n' || i FROM generate_series(1, 6) AS i;
-- stream table: s
WITH RECURSIVE r AS (
  SELECT s, d FROM e UNION
  (WITH w AS (SELECT * FROM r) SELECT a.s, b.d FROM w AS a JOIN w AS b ON a.d = b.s)
) SELECT r.s, r.d, name.t FROM r JOIN name ON name.n = r.d;
-- stream table: t
WITH RECURSIVE r AS (
  SELECT 1 AS n, 1::bigint AS many UNION ALL
  SELECT x.n + 1, x.many FROM (SELECT y.n, count(*) OVER () AS many FROM (SELECT r.n FROM r, e WHERE e.s = r.n) AS y) AS x
) SELECT n, many FROM r;
-- round
DELETE FROM e WHERE s = 2;
-- round
INSERT INTO e VALUES (2, 3), (5, 1), (3, 4);
DELETE FROM e WHERE s = 4;
-- round
UPDATE name SET t = t || '!';

-- case: recursive: a stream table over another, and a view
CREATE TABLE e (s int, d int);
INSERT INTO e VALUES (1, 2), (2, 3), (3, 4);
CREATE VIEW reach AS WITH RECURSIVE r AS (SELECT s, d FROM e UNION SELECT r.s, e.d FROM r JOIN e ON r.d = e.s) TABLE r;
-- stream table: s
SELECT s, count(*) AS n FROM reach GROUP BY s;
-- stream table: t
WITH RECURSIVE r AS (SELECT s, n FROM s UNION SELECT s.s, s.n FROM r JOIN s ON s.n = r.n - 1) SELECT s, n FROM r WHERE n > 1;
-- round
INSERT INTO e VALUES (4, 5), (0, 1);
-- round
DELETE FROM e WHERE s = 2;
-- round
INSERT INTO e VALUES (2, 3), (5, 2);

-- case: recursive: arms with WITH, UNION and parentheses of their own
CREATE TABLE e (s int, d int);
CREATE TABLE f (s int, d int);
INSERT INTO e VALUES (1, 2), (2, 3), (5, 6);
INSERT INTO f VALUES (3, 4), (4, 5), (5, 1);
-- stream table: s
WITH RECURSIVE r AS (
  WITH g AS (SELECT * FROM e UNION ALL SELECT * FROM f)
  (SELECT s, d FROM e UNION SELECT d, s FROM f WHERE s > 4)
  UNION
  SELECT r.s, g.d FROM r JOIN (SELECT * FROM g WHERE d <> 6) AS g ON r.d = g.s
) SELECT s, d FROM r;
-- stream table: t
WITH RECURSIVE r AS (
  SELECT s, d FROM e UNION
  (WITH w AS (SELECT * FROM r) SELECT w.s, e.d FROM w JOIN e ON w.d = e.s UNION ALL SELECT w.s, f.d FROM w JOIN f ON w.d = f.s)
) SELECT s, d FROM r;
-- round
DELETE FROM f WHERE s = 3;
-- round
INSERT INTO e VALUES (3, 4), (3, 4);
INSERT INTO f VALUES (3, 4);
-- round
DELETE FROM e WHERE s = 3;
DELETE FROM f WHERE d = 1;

-- case: recursive: cycle and search
CREATE TABLE e (s int, d int);
INSERT INTO e VALUES (1, 2), (2, 3), (3, 1), (3, 4), (2, NULL), (NULL, 2);
-- stream table: s
WITH RECURSIVE r(s, d) AS (
  SELECT s, d FROM e WHERE s = 1 UNION ALL SELECT e.s, e.d FROM r, e WHERE e.s IS NOT DISTINCT FROM r.d
) CYCLE s, d SET again USING path SELECT s, d, again FROM r;
-- stream table: t
WITH RECURSIVE r AS (
  SELECT s, d, 0 AS k FROM e UNION SELECT e.s, e.d, r.k + 1 FROM e, r WHERE e.s = r.d
) CYCLE d SET mark TO 'again' DEFAULT 'new' USING path SELECT d, k, mark FROM r WHERE s IS NOT NULL;
-- stream table: u
WITH RECURSIVE r AS (
  SELECT s AS n FROM e WHERE s = 2 UNION ALL SELECT e.d FROM r JOIN e ON e.s = r.n
) SEARCH DEPTH FIRST BY n SET ord CYCLE n SET stop TO 1 DEFAULT 0 USING p
SELECT n, count(*) AS c, sum(stop) AS stops FROM r GROUP BY n;
-- round
DELETE FROM e WHERE s = 3 AND d = 1;
-- round
INSERT INTO e VALUES (4, 2), (4, 2), (3, 3);
DELETE FROM e WHERE d IS NULL;
-- round
UPDATE e SET d = 1 WHERE s = 4;
INSERT INTO e VALUES (2, NULL);
-- round
TRUNCATE e;
INSERT INTO e VALUES (2, 2), (1, 1);

-- case: recursive: search sets an order that nobody keeps
CREATE TABLE e (s int, d int);
INSERT INTO e VALUES (1, 2), (2, 3), (3, 4);
-- stream table: s
WITH RECURSIVE r AS (
  SELECT s, d FROM e WHERE s = 1 UNION ALL SELECT e.s, e.d FROM r, e WHERE e.s = r.d
) SEARCH BREADTH FIRST BY s, d SET ord SELECT s, d FROM r ORDER BY ord;
-- round
INSERT INTO e VALUES (1, 7), (7, 3);
-- round
DELETE FROM e WHERE s = 2;

-- case: recursive: what cycle and search cannot have by deltas is recomputed
-- mode: FULL
CREATE TABLE e (s numeric, d numeric);
INSERT INTO e VALUES (1, 2), (2.0, 3), (3, 1.00);
-- stream table: s
WITH RECURSIVE r AS (
  SELECT s, d FROM e UNION ALL SELECT e.s, e.d FROM r, e WHERE e.s = r.d
) CYCLE s, d SET again USING path SELECT s, d, again FROM r;
-- stream table: t
WITH RECURSIVE r AS (
  SELECT s, d FROM e UNION ALL SELECT e.s, e.d FROM r, e WHERE e.s = r.d
) CYCLE s SET again USING path SELECT s, path::text AS p FROM r;
-- round
INSERT INTO e VALUES (3, 7), (7, 3);
-- round
DELETE FROM e WHERE s = 2;
