-- case: correlated subqueries: by inequality, over levels, in HAVING, CASE, join conditions
CREATE TABLE r (id int PRIMARY KEY, a int, b int);
CREATE TABLE q (a int, b int, w int);
CREATE TABLE e (x int, y int);
INSERT INTO r VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1), (4, NULL, 3), (5, 2, NULL);
INSERT INTO q VALUES (1, 1, 1), (1, 2, 4), (2, 2, 2), (2, NULL, 3), (NULL, 1, 5);
INSERT INTO e VALUES (1, 1), (2, 1), (2, 2), (5, NULL);
-- stream table: more
SELECT id, (SELECT count(*) FROM q WHERE q.b > r.b) AS n, (SELECT max(w) FROM q WHERE q.b <= r.b AND q.a = r.a) AS m FROM r;
-- stream table: levels
SELECT id, (SELECT sum((SELECT count(*) FROM e WHERE e.x = q.b AND e.y <= r.a)) FROM q WHERE q.a = r.a) AS n FROM r;
-- stream table: of_groups
SELECT a, count(*) AS n FROM r GROUP BY a HAVING (SELECT count(*) FROM q WHERE q.b > r.a) > 1;
-- stream table: in_case
SELECT id, CASE WHEN a > 1 THEN (SELECT min(w) FROM q WHERE q.b < r.b) WHEN EXISTS (SELECT FROM e WHERE e.x > r.b)
  THEN -1 ELSE (SELECT max(y) FROM e) END AS v FROM r;
-- stream table: in_join
SELECT r.id, q.w FROM r LEFT JOIN q ON q.a = r.a AND q.w >= (SELECT count(*) FROM e WHERE e.x <= r.b AND e.y <= q.b);
-- stream table: values_of_tests
SELECT id, a IN (SELECT b FROM q WHERE q.w > r.b) AS i, a > ALL (SELECT w FROM q WHERE q.b < r.b) AS l,
  (a, b) IN (SELECT a, b FROM q) AS p, EXISTS (SELECT FROM q WHERE q.b > r.b GROUP BY q.a HAVING count(*) > 1) AS x FROM r;
-- stream table: looked_up
SELECT q.w, (SELECT r.b FROM r WHERE r.id = q.w) AS b, ARRAY(SELECT e.y FROM e WHERE e.x <= q.w ORDER BY e.x) AS g FROM q;
-- stream table: limited
SELECT id, (SELECT w FROM q WHERE q.b >= r.b ORDER BY w DESC LIMIT 1) AS w FROM r WHERE b IN (SELECT y FROM e WHERE e.x > r.a ORDER BY y LIMIT 1);
-- round
INSERT INTO q VALUES (1, 3, 9), (2, 1, 1);
-- round
DELETE FROM e WHERE x = 2;
UPDATE r SET b = 2 WHERE id IN (1, 5);
-- round
UPDATE q SET b = b + 1;
INSERT INTO r VALUES (6, 2, 2), (7, NULL, NULL);
DELETE FROM r WHERE id = 2;
-- round
TRUNCATE q;

-- case: correlated subqueries: by a value that has no equality
-- mode: FULL
CREATE TABLE r (id int PRIMARY KEY, j json);
CREATE TABLE q (s text);
INSERT INTO r VALUES (1, '{"a": "m"}'), (2, '{}'), (3, NULL);
INSERT INTO q VALUES ('a'), ('z');
-- stream table: s
SELECT r.id, (SELECT count(*) FROM q WHERE q.s > (r.j ->> 'a')) AS n FROM r;
-- round
INSERT INTO q VALUES ('n');
-- round
UPDATE r SET j = '{"a": "b"}';

-- case: correlated subqueries: by a value of a domain, NULL among them
CREATE DOMAIN label AS varchar(4);
CREATE TABLE r (l label, n int);
CREATE TABLE q (l label, w int);
INSERT INTO r VALUES ('a', 1), ('b', 2), (NULL, 3), (NULL, 3);
INSERT INTO q VALUES ('a', 1), (NULL, 2), ('c', 3);
-- stream table: s
SELECT r.n, EXISTS (SELECT FROM q WHERE q.l IS NOT DISTINCT FROM r.l AND q.w <= r.n) AS x,
  (SELECT count(*) FROM q WHERE q.l > r.l) AS m FROM r LEFT JOIN q q2 ON q2.l = r.l;
-- round
INSERT INTO q VALUES ('b', 1), ('b', 9);
-- round
DELETE FROM q WHERE l IS NULL;
UPDATE r SET l = 'c' WHERE n = 1;
