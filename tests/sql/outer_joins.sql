-- case: left join: the first match replaces the padded row, the last one's end brings it back
CREATE TABLE a (id int PRIMARY KEY, v int);
CREATE TABLE b (id int PRIMARY KEY, a_id int, w int);
INSERT INTO a VALUES (1, 10), (2, 20);
-- stream table: s
SELECT a.id, v, w FROM a LEFT JOIN b ON b.a_id = a.id;
-- round: first match
INSERT INTO b VALUES (1, 1, 100);
-- round: second match
INSERT INTO b VALUES (2, 1, 200);
-- round: one of two goes
DELETE FROM b WHERE id = 1;
-- round: the last goes
DELETE FROM b;

-- case: left join: matches come and go in one batch with the row itself
CREATE TABLE a (id int PRIMARY KEY, v int);
CREATE TABLE b (a_id int, w int);
INSERT INTO a VALUES (1, 10), (2, 20), (3, 30);
INSERT INTO b VALUES (1, 1), (2, 2);
-- stream table: s
SELECT a.id, v, w FROM a LEFT JOIN b ON b.a_id = a.id;
-- round: row and its match go together; another match moves
DELETE FROM a WHERE id = 1;
DELETE FROM b WHERE a_id = 1;
UPDATE b SET a_id = 3;
-- round: row and its match come together
INSERT INTO a VALUES (1, 11);
INSERT INTO b VALUES (1, 1), (1, 1);
-- round: one match is replaced by another
DELETE FROM b WHERE a_id = 3;
INSERT INTO b VALUES (3, 99);

-- case: left join: duplicates on both sides
CREATE TABLE a (k int);
CREATE TABLE b (k int);
INSERT INTO a VALUES (1), (1), (2), (NULL), (NULL);
INSERT INTO b VALUES (1), (1), (3), (NULL);
-- stream table: s
SELECT a.k AS a, b.k AS b FROM a LEFT JOIN b ON a.k = b.k;
-- round
DELETE FROM b WHERE k = 1;
-- round
INSERT INTO b VALUES (2), (2);
DELETE FROM a WHERE ctid = (SELECT min(ctid) FROM a WHERE k = 1);
-- round
UPDATE a SET k = 2;

-- case: left join: condition on the left side only
CREATE TABLE a (k int, on_ boolean);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1, true), (1, false), (2, NULL);
INSERT INTO b VALUES (1, 1), (2, 2);
-- stream table: s
SELECT a.k, on_, w FROM a LEFT JOIN b ON a.k = b.k AND a.on_;
-- round
UPDATE a SET on_ = NOT on_;
-- round
UPDATE a SET on_ = true;
DELETE FROM b WHERE k = 1;

-- case: left join: condition on the right side only
CREATE TABLE a (k int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES (1, 1), (2, 20);
-- stream table: s
SELECT a.k, w FROM a LEFT JOIN b ON a.k = b.k AND b.w > 10;
-- round
UPDATE b SET w = 30 WHERE k = 1;
-- round
UPDATE b SET w = NULL;
-- round
UPDATE b SET w = 11;
INSERT INTO b VALUES (1, 12);

-- case: left join: inequality
CREATE TABLE a (x int);
CREATE TABLE b (y int);
INSERT INTO a VALUES (1), (5), (NULL);
INSERT INTO b VALUES (3), (4);
-- stream table: s
SELECT x, y FROM a LEFT JOIN b ON x < y;
-- round
DELETE FROM b WHERE y = 3;
-- round
UPDATE b SET y = 0;
-- round
INSERT INTO b VALUES (9), (NULL);
UPDATE a SET x = 7 WHERE x IS NULL;

-- case: left join: WHERE on the padded side keeps only what has no match
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (a_id int);
INSERT INTO a VALUES (1), (2), (3);
INSERT INTO b VALUES (1), (1);
-- stream table: s
SELECT a.id FROM a LEFT JOIN b ON a.id = b.a_id WHERE b.a_id IS NULL;
-- round
INSERT INTO b VALUES (2);
DELETE FROM b WHERE a_id = 1;
-- round
DELETE FROM a WHERE id = 2;
DELETE FROM b WHERE a_id = 2;

-- case: left join: a NULL that was matched is not a padded one
CREATE TABLE a (k int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES (1, NULL);
-- stream table: s
SELECT a.k, w FROM a LEFT JOIN b ON a.k = b.k;
-- round: looks the same, is the same
DELETE FROM b;
-- round
INSERT INTO b VALUES (1, NULL), (1, NULL), (2, NULL);

-- case: left join: chain of three
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int);
CREATE TABLE c (id int PRIMARY KEY, b int);
INSERT INTO a VALUES (1), (2), (3);
INSERT INTO b VALUES (10, 1), (11, 1), (20, 2);
INSERT INTO c VALUES (100, 10);
-- stream table: s
SELECT a.id AS a, b.id AS b, c.id AS c FROM a LEFT JOIN b ON b.a = a.id LEFT JOIN c ON c.b = b.id;
-- stream table: n
SELECT a.id AS a, b.id AS b, c.id AS c FROM a LEFT JOIN (b LEFT JOIN c ON c.b = b.id) ON b.a = a.id;
-- round: all levels
INSERT INTO c VALUES (200, 20), (101, 10);
DELETE FROM b WHERE id = 10;
INSERT INTO a VALUES (4);
-- round
UPDATE b SET a = 4;
-- round
UPDATE c SET b = 11;
DELETE FROM a WHERE id = 4;

-- case: right join
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1, 1), (1, 2);
INSERT INTO b VALUES (1, 10), (2, 20), (NULL, 30);
-- stream table: s
SELECT a.k, v, w FROM a RIGHT JOIN b ON a.k = b.k;
-- stream table: c
SELECT v, w FROM a RIGHT JOIN b ON a.k = b.k AND v > 1;
-- round
DELETE FROM a;
-- round
INSERT INTO a VALUES (2, 2), (NULL, 9);
DELETE FROM b WHERE k = 1;
-- round
UPDATE b SET k = 2;

-- case: full join: every kind of row moves
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1, 1), (2, 2), (NULL, 3);
INSERT INTO b VALUES (2, 20), (3, 30), (NULL, 40);
-- stream table: s
SELECT a.k AS a, v, b.k AS b, w FROM a FULL JOIN b ON a.k = b.k;
-- round: a match ends, others begin
UPDATE a SET k = 3 WHERE k = 2;
-- round: both ends of a pair go
DELETE FROM a WHERE k = 3;
DELETE FROM b WHERE k = 3;
-- round: NULL keys never meet
INSERT INTO a VALUES (NULL, 3);
INSERT INTO b VALUES (NULL, 40);
-- round
UPDATE a SET k = 2;
UPDATE b SET k = 2;
-- round
TRUNCATE a;

-- case: full join: condition on one side
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1, 1), (1, -1), (2, 2);
INSERT INTO b VALUES (1, 10), (2, -20);
-- stream table: s
SELECT a.k AS a, v, b.k AS b, w FROM a FULL JOIN b ON a.k = b.k AND a.v > 0;
-- stream table: t
SELECT a.k AS a, v, b.k AS b, w FROM a FULL JOIN b ON a.k = b.k AND a.v > 0 AND b.w > 0;
-- round
UPDATE a SET v = -v;
-- round
UPDATE b SET w = -w;
DELETE FROM a WHERE k = 2;
-- round
INSERT INTO a VALUES (1, 5), (1, 5);
DELETE FROM b WHERE k = 1;

-- case: full join: of three tables by USING
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, w int);
CREATE TABLE c (k int, x int);
INSERT INTO a VALUES (1, 1), (2, 2);
INSERT INTO b VALUES (2, 2), (3, 3);
INSERT INTO c VALUES (3, 3), (4, 4), (NULL, 5);
-- stream table: s
SELECT k, v, w, x FROM a FULL JOIN b USING (k) FULL JOIN c USING (k);
-- round
DELETE FROM b;
-- round
INSERT INTO b VALUES (1, 1), (4, 4);
UPDATE a SET k = 4 WHERE k = 2;
-- round
UPDATE c SET k = 1;

-- case: full join: grouped by the merged key
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1, 1), (1, 5), (2, 2);
INSERT INTO b VALUES (2, 2), (3, 3);
-- stream table: s
SELECT k, count(*) AS n, sum(v) AS v, sum(w) AS w, count(w) AS m FROM a FULL JOIN b USING (k) GROUP BY k;
-- round
DELETE FROM b WHERE k = 2;
INSERT INTO b VALUES (1, 9);
-- round
DELETE FROM a;

-- case: full join: ON false keeps all
CREATE TABLE a (k int);
CREATE TABLE b (k int);
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1), (2);
-- stream table: s
SELECT a.k AS a, b.k AS b FROM a FULL JOIN b ON false;
-- round
DELETE FROM b WHERE k = 1;
INSERT INTO a VALUES (1), (NULL);

-- case: left join: aggregated, COUNT of the padded side
CREATE TABLE c (id int PRIMARY KEY, name text);
CREATE TABLE o (id int PRIMARY KEY, c_id int, total numeric(10,2));
INSERT INTO c VALUES (1, 'a'), (2, 'b');
INSERT INTO o VALUES (1, 1, 10.00), (2, 1, 5.50);
-- stream table: s
SELECT c.id, name, count(o.id) AS n, count(*) AS rows, sum(total) AS total, coalesce(sum(total), 0) AS shown
FROM c LEFT JOIN o ON o.c_id = c.id GROUP BY c.id, name;
-- round
INSERT INTO o VALUES (3, 2, 1.25);
DELETE FROM o WHERE c_id = 1;
-- round
UPDATE o SET c_id = 1;
-- round
UPDATE c SET id = id + 10;

-- case: left join: with a subquery that groups
CREATE TABLE a (k int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1), (2), (3);
INSERT INTO b VALUES (1, 1), (1, 2), (2, 5);
-- stream table: s
SELECT a.k, q.n, q.w FROM a LEFT JOIN (SELECT k, count(*) AS n, max(w) AS w FROM b GROUP BY k) AS q ON q.k = a.k;
-- round
DELETE FROM b WHERE k = 2;
UPDATE b SET w = 0 WHERE w = 2;
-- round
INSERT INTO b VALUES (3, 3), (2, 2);
INSERT INTO a VALUES (1);

-- case: left join: self-join
CREATE TABLE e (id int PRIMARY KEY, boss int);
INSERT INTO e VALUES (1, NULL), (2, 1), (3, 1), (4, 9);
-- stream table: s
SELECT e.id, m.id AS boss FROM e LEFT JOIN e AS m ON m.id = e.boss;
-- round
INSERT INTO e VALUES (9, 4);
DELETE FROM e WHERE id = 1;
-- round
UPDATE e SET id = -id;

-- case: outer joins of each kind in one query
CREATE TABLE a (k int);
CREATE TABLE b (k int);
CREATE TABLE c (k int);
CREATE TABLE d (k int);
INSERT INTO a VALUES (1), (2), (3);
INSERT INTO b VALUES (1), (2);
INSERT INTO c VALUES (2), (5);
INSERT INTO d VALUES (1), (5), (7);
-- stream table: s
SELECT a.k AS a, b.k AS b, c.k AS c, d.k AS d
FROM a LEFT JOIN b ON a.k = b.k FULL JOIN c ON c.k = b.k RIGHT JOIN d ON d.k = a.k OR d.k = c.k;
-- round
INSERT INTO b VALUES (3);
DELETE FROM c WHERE k = 2;
-- round
UPDATE d SET k = 2 WHERE k = 7;
UPDATE a SET k = 5 WHERE k = 3;
-- round
DELETE FROM a;
DELETE FROM c;

-- case: left join: condition that is true for padded rows as well
CREATE TABLE a (k int);
CREATE TABLE b (k int, w int);
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES (1, 1);
-- stream table: s
SELECT a.k, w FROM a LEFT JOIN b ON a.k = b.k WHERE w IS NULL OR w > 5;
-- stream table: c
SELECT a.k, coalesce(w, -1) AS w FROM a LEFT JOIN b ON a.k = b.k WHERE coalesce(w, 9) > 5;
-- round
UPDATE b SET w = 7;
-- round
DELETE FROM b;
