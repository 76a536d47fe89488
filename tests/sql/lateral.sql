-- case: lateral: the latest orders of each customer, by equality and by inequality
CREATE TABLE c (id int PRIMARY KEY, credit int, name text);
CREATE TABLE o (id int PRIMARY KEY, c int, amount int, note text);
INSERT INTO c VALUES (1, 10, 'a'), (2, 20, 'b'), (3, NULL, 'c');
INSERT INTO o VALUES (1, 1, 5, 'x'), (2, 1, 5, 'y'), (3, 1, 9, NULL), (4, 2, 30, 'x'), (5, NULL, 1, 'z');
-- stream table: latest
SELECT c.id, l.id AS o, l.amount FROM c CROSS JOIN LATERAL
  (SELECT o.id, o.amount FROM o WHERE o.c = c.id ORDER BY o.amount DESC LIMIT 2) l;
-- answer
SELECT c.id, l.id AS o, l.amount FROM c CROSS JOIN LATERAL
  (SELECT o.id, o.amount FROM o WHERE o.c = c.id ORDER BY o.amount DESC, o.id LIMIT 2) l;
-- stream table: latest_or_none
SELECT c.id, l.note FROM c LEFT JOIN LATERAL
  (SELECT o.note FROM o WHERE o.amount > c.credit ORDER BY o.amount OFFSET 1 LIMIT 1) l ON true;
-- answer
SELECT c.id, l.note FROM c LEFT JOIN LATERAL
  (SELECT o.note FROM o WHERE o.amount > c.credit ORDER BY o.amount, o.note OFFSET 1 LIMIT 1) l ON true;
-- stream table: with_ties
SELECT c.id, l.id AS o FROM c, LATERAL
  (SELECT o.id FROM o WHERE o.c = c.id ORDER BY o.amount FETCH FIRST 1 ROWS WITH TIES) l;
-- stream table: as_many_as
SELECT c.id, l.id AS o FROM c, LATERAL (SELECT o.id FROM o WHERE o.amount < c.credit ORDER BY o.id LIMIT c.id) l;
-- round: only the inner table
INSERT INTO o VALUES (6, 1, 9, 'n'), (7, 3, 2, 'm');
DELETE FROM o WHERE id = 3;
-- round: only the outer table
UPDATE c SET credit = 4 WHERE id = 3;
UPDATE c SET id = 4 WHERE id = 1;
-- round: both
UPDATE o SET c = 4, amount = 5 WHERE c = 1;
INSERT INTO c VALUES (5, NULL, 'd');
DELETE FROM c WHERE id = 2;
-- round: nothing is left
TRUNCATE o;

-- case: lateral: aggregates, with and without a row for nothing
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, v int, t text);
INSERT INTO a VALUES (1, 1), (1, 1), (2, 3), (NULL, 2), (3, NULL);
INSERT INTO b VALUES (1, 1, 'p'), (1, 2, 'q'), (2, 2, NULL), (NULL, 5, 'r');
-- stream table: counted
SELECT a.k, a.v, l.n, l.s, l.g FROM a,
  LATERAL (SELECT count(*) AS n, sum(b.v) AS s, array_agg(b.t ORDER BY b.t) AS g FROM b WHERE b.v > a.v) l;
-- stream table: having
SELECT a.k, l.n FROM a LEFT JOIN LATERAL
  (SELECT count(*) AS n FROM b WHERE b.k = a.k HAVING count(*) > 1) l ON true;
-- stream table: grouped
SELECT a.k, l.t, l.n FROM a LEFT JOIN LATERAL
  (SELECT b.t, count(*) AS n FROM b WHERE b.v >= a.v GROUP BY b.t) l ON l.n < 3;
-- stream table: rolled_up
SELECT a.k, l.t, l.n FROM a, LATERAL (SELECT b.t, count(*) AS n FROM b WHERE b.v > a.v GROUP BY ROLLUP (b.t)) l;
-- stream table: nested
SELECT a.k, l.m FROM a, LATERAL (SELECT max(z.n) AS m FROM
  (SELECT b.k, count(*) AS n FROM b WHERE b.v <= a.v + 2 GROUP BY b.k) z) l;
-- round
DELETE FROM b WHERE v = 2;
INSERT INTO a VALUES (1, 1), (9, 9);
-- round
INSERT INTO b VALUES (1, 7, 'p'), (1, 8, 'p');
UPDATE a SET v = NULL WHERE k = 2;
-- round
DELETE FROM a WHERE k = 1;
DELETE FROM b;

-- case: lateral: distinct, set operations, windows, common table expressions
CREATE TABLE a (id int PRIMARY KEY, x int, y int);
CREATE TABLE b (x int, y int);
CREATE TABLE d (x int, y int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 2), (3, 2, NULL), (4, NULL, 1);
INSERT INTO b VALUES (1, 1), (1, 1), (1, 2), (2, 1), (3, NULL);
INSERT INTO d VALUES (1, 1), (2, 2), (NULL, 1), (1, 1);
-- stream table: made_distinct
SELECT a.id, l.z FROM a, LATERAL (SELECT DISTINCT b.y + a.y AS z FROM b WHERE b.x <= a.x) l;
-- stream table: united
SELECT a.id, l.z FROM a, LATERAL (SELECT b.y AS z FROM b WHERE b.x = a.x UNION SELECT d.x FROM d WHERE d.y = a.y) l;
-- stream table: excepted
SELECT a.id, l.z FROM a, LATERAL
  (SELECT b.y AS z FROM b WHERE b.x = a.x EXCEPT ALL SELECT d.y FROM d WHERE d.x <> a.y) l;
-- stream table: ranked
SELECT a.id, l.y, l.n FROM a, LATERAL
  (SELECT b.y, rank() OVER (PARTITION BY b.x ORDER BY b.y) AS n FROM b WHERE b.x >= a.x) l;
-- stream table: twice
SELECT a.id, l.n FROM a, LATERAL (WITH z AS (SELECT b.y FROM b WHERE b.x = a.x)
  SELECT count(*) AS n FROM z, z AS z2 WHERE z.y <= z2.y) l;
-- stream table: chained
SELECT a.id, l.y, m.n FROM a LEFT JOIN LATERAL (SELECT b.y FROM b WHERE b.x = a.x) l ON true
  LEFT JOIN LATERAL (SELECT count(*) AS n FROM d WHERE d.x = l.y OR d.y = a.y) m ON m.n > 0;
-- round
INSERT INTO d VALUES (3, 3), (1, 2);
DELETE FROM b WHERE x = 1 AND y = 2;
-- round
UPDATE a SET x = 3, y = 1 WHERE id IN (1, 4);
-- round
UPDATE b SET y = NULL WHERE x = 1;
INSERT INTO a VALUES (5, 1, 1), (6, NULL, NULL);
DELETE FROM d WHERE x IS NULL;

-- case: lateral: joins inside, outer ones among them, and beside it
CREATE TABLE a (id int PRIMARY KEY, x int, y int);
CREATE TABLE b (x int, y int);
CREATE TABLE d (x int, y int);
INSERT INTO a VALUES (1, 1, 1), (2, 2, 2), (3, 3, NULL);
INSERT INTO b VALUES (1, 1), (1, 2), (2, 1), (NULL, 1);
INSERT INTO d VALUES (1, 1), (2, 2), (2, 1);
-- stream table: left_inside
SELECT a.id, l.n, l.m FROM a, LATERAL (SELECT count(*) AS n, count(d.x) AS m
  FROM b LEFT JOIN d ON d.x = b.y AND d.y = a.x WHERE b.x = a.x) l;
-- stream table: right_inside
SELECT a.id, l.n, l.m FROM a, LATERAL (SELECT count(*) AS n, count(d.x) AS m
  FROM d RIGHT JOIN b ON d.x = b.y AND d.y = a.x WHERE b.x = a.x) l;
-- stream table: full_inside
SELECT a.id, l.n FROM a, LATERAL (SELECT count(*) AS n FROM b FULL JOIN d ON d.x = b.y WHERE b.x = a.x OR d.y = a.y) l;
-- stream table: nested_join
SELECT a.id, b.y, l.y AS z FROM a LEFT JOIN (b JOIN LATERAL (SELECT d.y FROM d WHERE d.x = b.y) l ON l.y > 0) ON b.x = a.x;
-- stream table: merged
SELECT a.id, l.y, l.n FROM a, LATERAL (SELECT x, y, count(*) AS n FROM b NATURAL JOIN d WHERE y <= a.y GROUP BY x, y) l;
-- round
DELETE FROM d WHERE x = 2;
UPDATE a SET y = 1 WHERE id = 3;
-- round
INSERT INTO d VALUES (1, 3), (NULL, 3);
INSERT INTO b VALUES (3, 1), (3, 1);
-- round
UPDATE a SET x = NULL WHERE id = 1;
DELETE FROM b WHERE y = 1;

-- case: lateral: outer rows without a key, and values that are NULL, arrays and text
CREATE TABLE a (x int[], s text, n numeric);
CREATE TABLE b (x int[], s text, n numeric);
INSERT INTO a VALUES ('{1}', 'p', 1.0), ('{1}', 'p', 1.0), (NULL, NULL, NULL), ('{}', 'q', 1.00), ('{NULL}', '', 2);
INSERT INTO b VALUES ('{1}', 'p', 1), ('{}', 'q', 3), (NULL, NULL, 0), ('{2}', 'z', 1.000);
-- stream table: counted
SELECT a.s, l.n FROM a, LATERAL (SELECT count(*) AS n FROM b WHERE b.x >= a.x) l;
-- stream table: alike
SELECT a.s, l.n FROM a LEFT JOIN LATERAL (SELECT b.n FROM b WHERE b.s IS NOT DISTINCT FROM a.s ORDER BY b.n LIMIT 1) l ON true;
-- stream table: numbers
SELECT a.n, l.m FROM a, LATERAL (SELECT max(b.n + a.n) AS m FROM b WHERE b.n > a.n) l;
-- round
INSERT INTO a VALUES ('{1}', 'p', 1.0), (NULL, NULL, NULL);
DELETE FROM b WHERE s = 'p';
-- round
DELETE FROM a WHERE s = 'p';
UPDATE b SET s = NULL, x = '{}';
-- round
UPDATE a SET x = '{2}', n = 0;

-- case: lateral: over a view, a common table expression and a grouped query
CREATE TABLE a (id int PRIMARY KEY, x int);
CREATE TABLE b (x int, y int);
CREATE VIEW v AS SELECT x, count(*) AS n FROM b GROUP BY x;
CREATE VIEW top AS SELECT y FROM b ORDER BY x DESC LIMIT 3;
INSERT INTO a VALUES (1, 1), (2, 2), (3, 2);
INSERT INTO b VALUES (1, 1), (1, 2), (2, 1), (4, 4);
-- stream table: over_view
SELECT a.id, l.n FROM a, LATERAL (SELECT max(v.n) AS n FROM v WHERE v.x >= a.x) l;
-- stream table: over_top
SELECT a.id, (SELECT count(*) FROM top WHERE top.y >= a.x) AS n FROM a;
-- answer
SELECT a.id, (SELECT count(*) FROM (SELECT y FROM b ORDER BY x DESC, y LIMIT 3) t WHERE t.y >= a.x) AS n FROM a;
-- stream table: over_groups
WITH g AS (SELECT x, count(*) AS n FROM a GROUP BY x)
SELECT g.x, l.y FROM g, LATERAL (SELECT b.y FROM b WHERE b.x >= g.n ORDER BY b.y, b.x LIMIT 1) l;
-- round
INSERT INTO a VALUES (4, 2), (5, 1);
-- round
DELETE FROM b WHERE x = 4;
INSERT INTO b VALUES (2, 7), (2, 7);
-- round
DELETE FROM a WHERE x = 2;

-- case: set-returning functions in the select list: several, nested, grouped, distinct, none
CREATE TABLE t (id int PRIMARY KEY, n int, a int[], j jsonb, s text);
INSERT INTO t VALUES (1, 2, '{1,2,3}', '{"a": 1, "b": 2}', 'x,y'), (2, 0, '{}', '{}', ''), (3, NULL, NULL, NULL, NULL);
-- stream table: one
SELECT id, unnest(a) AS u FROM t;
-- stream table: lockstep
SELECT id, unnest(a) AS u, generate_series(1, n) AS g, n + 1 AS m FROM t;
-- stream table: inside
SELECT id, 2 * unnest(a) + n AS u, upper(regexp_split_to_table(s, ',')) AS w FROM t;
-- stream table: nested
SELECT id, generate_series(1, unnest(a)) AS g FROM t;
-- stream table: keyed
SELECT unnest(a) AS u, count(*) AS c FROM t GROUP BY unnest(a);
-- stream table: after_groups
SELECT n, generate_series(1, count(*)) AS g FROM t GROUP BY n;
-- stream table: made_distinct
SELECT DISTINCT unnest(a) AS u FROM t;
-- stream table: fields
SELECT id, (jsonb_each_text(j)).* FROM t;
-- stream table: first_ones
SELECT z.u FROM (SELECT unnest(a) AS u, id FROM t ORDER BY id, u DESC LIMIT 2) z;
-- round
INSERT INTO t VALUES (4, 3, '{3,3}', '{"c": 5}', 'p,q,r');
-- round
UPDATE t SET a = a || 9, n = 1 WHERE id IN (1, 2, 3);
-- round
DELETE FROM t WHERE id < 3;

-- case: functions in FROM: ROWS FROM, ordinality, column definitions, several arrays
CREATE TABLE t (id int PRIMARY KEY, n int, a int[], j jsonb);
INSERT INTO t VALUES (1, 2, '{1,2,3}', '[{"p": 1, "q": "x"}, {"p": 2}]'), (2, 0, '{}', '[]'), (3, NULL, NULL, NULL);
-- stream table: together
SELECT t.id, f.u, f.g FROM t, ROWS FROM (unnest(t.a), generate_series(1, t.n)) f(u, g);
-- stream table: numbered
SELECT t.id, f.u, f.g, f.o FROM t, ROWS FROM (unnest(t.a), generate_series(1, t.n)) WITH ORDINALITY f(u, g, o);
-- stream table: shaped
SELECT t.id, f.p, f.q FROM t, jsonb_to_recordset(t.j) f(p int, q text);
-- stream table: shaped_and_numbered
SELECT t.id, f.p, f.o FROM t, ROWS FROM (jsonb_to_recordset(t.j) AS (p int, q text)) WITH ORDINALITY f(p, q, o);
-- stream table: arrays
SELECT t.id, f.u, f.v FROM t LEFT JOIN LATERAL unnest(t.a, ARRAY[t.n, t.id]) f(u, v) ON true;
-- stream table: conditional
SELECT t.id, f.u FROM t LEFT JOIN LATERAL unnest(t.a) f(u) ON f.u > t.n;
-- stream table: listed
SELECT t.id, f.k, f.l FROM t, LATERAL (VALUES (t.n, 'n'), (t.id, 'id')) f(k, l) WHERE f.k > 0;
-- stream table: summed
SELECT t.id, (SELECT sum(x) FROM unnest(t.a) x WHERE x > t.n) AS s, f.m FROM t
  LEFT JOIN LATERAL (SELECT max(x) AS m FROM unnest(t.a) x HAVING count(*) > 1) f ON true;
-- round
INSERT INTO t VALUES (4, 1, '{4,NULL}', '[{"q": "z"}]');
-- round
UPDATE t SET a = '{7,8}', n = 2, j = '[{"p": 3}]' WHERE id > 1;
-- round
DELETE FROM t WHERE id = 1;
