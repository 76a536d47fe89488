-- case: join: both partners are deleted in one batch
CREATE TABLE a (id int PRIMARY KEY, v int);
CREATE TABLE b (id int PRIMARY KEY, a_id int, w int);
INSERT INTO a VALUES (1, 10), (2, 20);
INSERT INTO b VALUES (1, 1, 100), (2, 1, 200), (3, 2, 300);
-- stream table: s
SELECT a.id, b.id AS b_id, v, w FROM a JOIN b ON a.id = b.a_id;
-- round: the pair vanishes as a whole
DELETE FROM b WHERE id = 1;
DELETE FROM a WHERE id = 1;
-- round: both come back changed
INSERT INTO a VALUES (1, 11);
UPDATE b SET w = w + 1;

-- case: join: both partners are inserted in one batch
CREATE TABLE a (id int PRIMARY KEY, v int);
CREATE TABLE b (a_id int, w int);
-- stream table: s
SELECT v, w FROM a JOIN b ON a.id = b.a_id;
-- round
INSERT INTO a VALUES (1, 10), (2, 20);
INSERT INTO b VALUES (1, 1), (1, 1), (2, 5), (3, 7), (NULL, 8);
-- round
INSERT INTO a VALUES (3, 30);

-- case: join: the join key of both sides changes in one batch
CREATE TABLE a (id int PRIMARY KEY, k int);
CREATE TABLE b (id int PRIMARY KEY, k int);
INSERT INTO a VALUES (1, 1), (2, 2), (3, NULL);
INSERT INTO b VALUES (1, 1), (2, 2), (3, NULL);
-- stream table: s
SELECT a.id AS a, b.id AS b, a.k FROM a JOIN b ON a.k = b.k;
-- round
UPDATE a SET k = k + 1;
UPDATE b SET k = k + 1;
-- round
UPDATE a SET k = 2;
UPDATE b SET k = 3 WHERE id <> 3;
-- round
UPDATE b SET k = 2;

-- case: join: duplicates multiply
CREATE TABLE a (k int, v text);
CREATE TABLE b (k int, w text);
INSERT INTO a VALUES (1, 'x'), (1, 'x'), (2, 'y');
INSERT INTO b VALUES (1, 'p'), (1, 'p'), (1, 'q'), (2, 'r');
-- stream table: s
SELECT a.k, v, w FROM a JOIN b ON a.k = b.k;
-- round
DELETE FROM a WHERE ctid = (SELECT min(ctid) FROM a WHERE k = 1);
INSERT INTO b VALUES (1, 'p');
-- round
DELETE FROM b WHERE ctid = (SELECT min(ctid) FROM b WHERE w = 'p');
UPDATE a SET k = 1;

-- case: join: self-join, both sides change at once
CREATE TABLE e (id int PRIMARY KEY, boss int, name text);
INSERT INTO e VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 1, 'c'), (4, 2, 'd');
-- stream table: s
SELECT e.name, m.name AS boss FROM e JOIN e AS m ON m.id = e.boss;
-- round
UPDATE e SET name = upper(name);
-- round
UPDATE e SET id = id + 10, boss = boss + 10;
-- round
DELETE FROM e WHERE id IN (12, 14);

-- case: join: three times the same table
CREATE TABLE e (a int, b int);
INSERT INTO e VALUES (1, 2), (2, 3), (3, 1), (2, 2), (NULL, 1);
-- stream table: s
SELECT x.a, y.a AS b, z.a AS c FROM e x JOIN e y ON x.b = y.a JOIN e z ON y.b = z.a AND z.b = x.a;
-- round
INSERT INTO e VALUES (1, 1), (3, 2);
DELETE FROM e WHERE a = 2 AND b = 2;
-- round
UPDATE e SET a = b, b = a;

-- case: join: cross product
CREATE TABLE a (x int);
CREATE TABLE b (y text);
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES ('p');
-- stream table: s
SELECT * FROM a CROSS JOIN b;
-- stream table: comma
SELECT x FROM a, b;
-- round
INSERT INTO b VALUES ('q'), ('q');
DELETE FROM a WHERE x = 1;
-- round: the other side empties
TRUNCATE b;
-- round
INSERT INTO b VALUES (NULL);

-- case: join: inequality
CREATE TABLE a (x int);
CREATE TABLE b (lo int, hi int);
INSERT INTO a VALUES (1), (5), (5), (NULL);
INSERT INTO b VALUES (0, 3), (4, 9), (NULL, 5);
-- stream table: s
SELECT x, lo, hi FROM a JOIN b ON x BETWEEN lo AND hi;
-- round
UPDATE b SET hi = 5;
INSERT INTO a VALUES (2);
-- round
DELETE FROM a WHERE x = 5;
DELETE FROM b WHERE lo = 4;

-- case: join: OR in the condition
CREATE TABLE a (x int, y int);
CREATE TABLE b (x int, y int);
INSERT INTO a VALUES (1, 1), (2, NULL), (NULL, 3);
INSERT INTO b VALUES (1, 3), (2, 1), (3, 3);
-- stream table: s
SELECT a.x, b.y FROM a JOIN b ON a.x = b.x OR a.y = b.y;
-- round
UPDATE a SET x = 3 WHERE x IS NULL;
UPDATE b SET y = 1;

-- case: join: IS NOT DISTINCT FROM joins NULL keys
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1, 1), (NULL, 2);
INSERT INTO b VALUES (1, 1), (NULL, 2), (NULL, 3);
-- stream table: s
SELECT v, w FROM a JOIN b ON a.k IS NOT DISTINCT FROM b.k;
-- round
UPDATE a SET k = NULL;
-- round
DELETE FROM b WHERE k IS NULL;
DELETE FROM a WHERE v = 2;

-- case: join: NATURAL
CREATE TABLE a (k int, g int, v int);
CREATE TABLE b (k int, g int, w int);
INSERT INTO a VALUES (1, 1, 10), (2, NULL, 20), (1, 1, 11);
INSERT INTO b VALUES (1, 1, 5), (2, NULL, 6), (2, 2, 7);
-- stream table: s
SELECT * FROM a NATURAL JOIN b;
-- round
UPDATE a SET g = 2 WHERE g IS NULL;
-- round
UPDATE b SET k = 1, g = 1;

-- case: join: USING, the merged column and both originals
CREATE TABLE a (k int, v int);
CREATE TABLE b (k bigint, w int);
INSERT INTO a VALUES (1, 1), (2, 2), (NULL, 3);
INSERT INTO b VALUES (1, 1), (3, 3), (NULL, 4);
-- stream table: i
SELECT k, a.k AS ak, b.k AS bk, v, w FROM a JOIN b USING (k);
-- stream table: f
SELECT k, a.k AS ak, b.k AS bk, v, w FROM a FULL JOIN b USING (k);
-- stream table: l
SELECT * FROM a LEFT JOIN b USING (k);
-- stream table: r
SELECT * FROM a RIGHT JOIN b USING (k);
-- round
UPDATE a SET k = 3 WHERE k = 2;
-- round
DELETE FROM a WHERE k = 1;
DELETE FROM b WHERE k = 1;
INSERT INTO a VALUES (3, 33);

-- case: join: USING with an alias of its own
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1, 1), (2, 2);
INSERT INTO b VALUES (1, 1), (3, 3);
-- mode: ANY
-- stream table: s
SELECT j.k, a.k AS ak, v, w FROM a FULL JOIN b USING (k) AS j;
-- round
UPDATE b SET k = 2;

-- case: join: an aliased join hides the tables inside
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1, 1), (2, 2);
INSERT INTO b VALUES (1, 1), (3, 3);
-- mode: ANY
-- stream table: s
SELECT j.k, j.v, j.w FROM (a LEFT JOIN b USING (k)) AS j (k, v, w) WHERE j.w IS NULL OR j.v = 1;
-- round
UPDATE b SET k = 2;
UPDATE a SET v = 1;

-- case: join: parentheses and nesting decide
CREATE TABLE a (k int);
CREATE TABLE b (k int);
CREATE TABLE c (k int);
INSERT INTO a VALUES (1), (2), (3);
INSERT INTO b VALUES (1), (2);
INSERT INTO c VALUES (1), (4);
-- stream table: s
SELECT a.k AS a, b.k AS b, c.k AS c FROM a LEFT JOIN (b JOIN c ON b.k = c.k) ON a.k = b.k;
-- stream table: t
SELECT a.k AS a, b.k AS b, c.k AS c FROM (a LEFT JOIN b ON a.k = b.k) JOIN c ON b.k = c.k OR b.k IS NULL;
-- round
INSERT INTO c VALUES (2);
DELETE FROM b WHERE k = 1;
-- round
UPDATE b SET k = 3;
INSERT INTO c VALUES (3), (NULL);

-- case: join: condition in WHERE, comma list of five
CREATE TABLE a (id int PRIMARY KEY, b int);
CREATE TABLE b (id int PRIMARY KEY, c int);
CREATE TABLE c (id int PRIMARY KEY, d int);
CREATE TABLE d (id int PRIMARY KEY, e int);
CREATE TABLE e (id int PRIMARY KEY, v text);
INSERT INTO a SELECT i, i % 3 FROM generate_series(1, 6) i;
INSERT INTO b SELECT i, i % 2 FROM generate_series(0, 2) i;
INSERT INTO c SELECT i, i FROM generate_series(0, 2) i;
INSERT INTO d SELECT i, 1 - i FROM generate_series(0, 1) i;
INSERT INTO e VALUES (0, 'zero'), (1, 'one');
-- stream table: s
SELECT a.id, e.v FROM a, b, c, d, e WHERE a.b = b.id AND b.c = c.id AND c.d = d.id AND d.e = e.id AND a.id > 1;
-- round: all five change
UPDATE a SET b = 0 WHERE id = 3;
UPDATE b SET c = 1 WHERE id = 0;
UPDATE c SET d = 0 WHERE id = 1;
UPDATE d SET e = e;
UPDATE e SET v = v || '!';
-- round
DELETE FROM c WHERE id = 1;
INSERT INTO a VALUES (7, 2);
-- round
INSERT INTO c VALUES (1, 1);
TRUNCATE e;

-- case: join: other types in the key
CREATE TABLE a (k numeric, d date, s varchar(5));
CREATE TABLE b (k int, d timestamp, s char(5));
INSERT INTO a VALUES (1.0, '2024-01-01', 'x'), (2.50, '2024-01-02', 'y'), ('NaN', NULL, NULL);
INSERT INTO b VALUES (1, '2024-01-01', 'x'), (2, '2024-01-02 00:00', 'y');
-- stream table: n
SELECT a.k, b.k AS bk FROM a JOIN b ON a.k = b.k;
-- stream table: d
SELECT a.d, b.d AS bd FROM a JOIN b ON a.d = b.d;
-- stream table: c
SELECT a.s, b.s AS bs FROM a JOIN b ON a.s = b.s;
-- round
UPDATE a SET k = 2.000 WHERE k = 2.50;
UPDATE b SET d = '2024-01-02 00:01' WHERE k = 2;
-- round
INSERT INTO b VALUES (1, '2024-01-01', 'x');
DELETE FROM a WHERE k = 'NaN';

-- case: join: with a view and a subquery on either side
CREATE TABLE a (k int, v int);
CREATE VIEW big AS SELECT k, sum(v) AS v FROM a GROUP BY k HAVING sum(v) > 2;
INSERT INTO a VALUES (1, 1), (1, 2), (2, 1), (3, 9);
-- stream table: s
SELECT big.k, big.v, q.n FROM big JOIN (SELECT k, count(*) AS n FROM a WHERE v < 9 GROUP BY k) AS q ON q.k = big.k;
-- round
INSERT INTO a VALUES (2, 5);
DELETE FROM a WHERE k = 1 AND v = 2;
-- round
UPDATE a SET k = 3;

-- case: join: key update that swaps two rows
CREATE TABLE a (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v int);
CREATE TABLE b (id int, w int);
INSERT INTO a VALUES (1, 10), (2, 20);
INSERT INTO b VALUES (1, 100), (2, 200);
-- stream table: s
SELECT a.id, v, w FROM a JOIN b ON a.id = b.id;
-- stream table: t
SELECT id, v FROM a;
-- round
UPDATE a SET id = 3 - id;
-- round: a deferred key is violated for a moment
BEGIN;
INSERT INTO a VALUES (1, 30);
DELETE FROM a WHERE id = 1 AND v <> 30;
COMMIT;

-- case: join: a change on one side only
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, w int);
INSERT INTO a SELECT i % 10, i FROM generate_series(1, 50) i;
INSERT INTO b SELECT i, i FROM generate_series(0, 9) i;
-- stream table: s
SELECT a.k, v, w FROM a JOIN b ON a.k = b.k;
-- round: left
UPDATE a SET v = v + 1 WHERE v % 7 = 0;
-- round: right
UPDATE b SET w = -w WHERE k < 3;
-- round: none
SELECT 1;

-- case: join: the condition is always true, false or unknown
CREATE TABLE a (x int);
CREATE TABLE b (y int);
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES (1);
-- stream table: yes
SELECT x, y FROM a JOIN b ON true;
-- stream table: no
SELECT x, y FROM a JOIN b ON false;
-- stream table: left_no
SELECT x, y FROM a LEFT JOIN b ON false;
-- stream table: full_yes
SELECT x, y FROM a FULL JOIN b ON true;
-- round
DELETE FROM b;
-- round
INSERT INTO b VALUES (2), (3);
DELETE FROM a WHERE x = 1;
-- round
DELETE FROM a;
