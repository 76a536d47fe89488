-- case: filter: rows enter, leave and stay
CREATE TABLE t (id int PRIMARY KEY, v int, s text);
INSERT INTO t VALUES (1, 1, 'a'), (2, 5, 'b'), (3, NULL, 'c');
-- stream table: s
SELECT id, v, s FROM t WHERE v > 3;
-- round: one enters, one leaves, one changes inside, one outside
UPDATE t SET v = 9 WHERE id = 1;
UPDATE t SET v = 0 WHERE id = 2;
UPDATE t SET s = 'z' WHERE id = 3;
-- round: changed inside
UPDATE t SET s = 'zz' WHERE id = 1;

-- case: filter: a condition that is unknown keeps the row out, and so does its negation
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, NULL), (NULL, 1), (NULL, NULL), (1, 1), (1, 2);
-- stream table: yes
SELECT * FROM t WHERE a = b;
-- stream table: no
SELECT * FROM t WHERE NOT a = b;
-- stream table: unknown
SELECT * FROM t WHERE (a = b) IS UNKNOWN;
-- stream table: neither
SELECT * FROM t WHERE a = b OR a IS NULL AND b <> 1;
-- round
UPDATE t SET b = 2 WHERE a IS NULL;
DELETE FROM t WHERE a = 1 AND b = 1;
-- round
INSERT INTO t SELECT * FROM t;

-- case: filter: NOT IN a list with NULL is never true
CREATE TABLE t (a int);
INSERT INTO t VALUES (1), (2), (NULL), (3);
-- stream table: s
SELECT a FROM t WHERE a NOT IN (1, NULL);
-- stream table: u
SELECT a FROM t WHERE a NOT IN (1, 2);
-- round
INSERT INTO t VALUES (4), (NULL), (1);

-- case: filter: constant conditions
CREATE TABLE t (a int);
INSERT INTO t VALUES (1);
-- stream table: never
SELECT a FROM t WHERE false;
-- stream table: always
SELECT a FROM t WHERE true;
-- stream table: unknown
SELECT a FROM t WHERE NULL::boolean;
-- round
INSERT INTO t VALUES (1), (2);

-- case: filter: IS DISTINCT FROM, BETWEEN, LIKE, row comparison
CREATE TABLE t (a int, b int, s text);
INSERT INTO t VALUES (1, 1, 'abc'), (2, NULL, 'xbz'), (NULL, NULL, NULL), (3, 4, 'a%');
-- stream table: d
SELECT * FROM t WHERE a IS DISTINCT FROM b;
-- stream table: n
SELECT * FROM t WHERE a IS NOT DISTINCT FROM b AND s IS NULL;
-- stream table: l
SELECT * FROM t WHERE s LIKE 'a\%' OR s ILIKE '%B%' OR a NOT BETWEEN b AND 3;
-- stream table: r
SELECT * FROM t WHERE (a, b) < (2, 3) OR ROW (a, b) IS DISTINCT FROM ROW (3, 4);
-- round
UPDATE t SET b = a;
-- round
UPDATE t SET a = NULL, s = upper(s) WHERE a < 3;

-- case: filter: duplicates of a keyless table leave one by one
CREATE TABLE t (a int, s text);
INSERT INTO t SELECT 1, 'x' FROM generate_series(1, 5);
-- stream table: s
SELECT s, a FROM t WHERE a = 1;
-- round: two of five
DELETE FROM t WHERE ctid IN (SELECT ctid FROM t LIMIT 2);
-- round: one of three becomes another
UPDATE t SET a = 2 WHERE ctid IN (SELECT ctid FROM t LIMIT 1);
-- round: and back, with two copies more
UPDATE t SET a = 1;
INSERT INTO t VALUES (1, 'x'), (1, 'x');

-- case: filter: NULL rows of a keyless table
CREATE TABLE t (a int, s text);
INSERT INTO t VALUES (NULL, NULL), (NULL, NULL), (NULL, 'x');
-- stream table: s
SELECT a, s FROM t;
-- round
DELETE FROM t WHERE ctid IN (SELECT ctid FROM t WHERE s IS NULL LIMIT 1);
-- round
UPDATE t SET s = NULL;

-- case: project: two rows that become equal by the projection
CREATE TABLE t (id int PRIMARY KEY, a int, b int);
INSERT INTO t VALUES (1, 1, 1), (2, 1, 2), (3, 2, 3);
-- stream table: s
SELECT a FROM t;
-- round
DELETE FROM t WHERE id = 1;
-- round
UPDATE t SET a = 1;

-- case: project: the key is computed away
CREATE TABLE t (id int PRIMARY KEY, a int);
INSERT INTO t VALUES (1, 1), (2, 2), (3, 3);
-- stream table: s
SELECT id / 2 AS half, -a AS minus FROM t;
-- round
UPDATE t SET id = id + 10;
-- round
UPDATE t SET a = a + 1 WHERE id = 11;
DELETE FROM t WHERE id = 12;

-- case: project: the same column twice, and a constant
CREATE TABLE t (id int PRIMARY KEY, a int);
INSERT INTO t VALUES (1, 1), (2, NULL);
-- stream table: s
SELECT a, a AS again, 'x' AS x, NULL::int AS nothing, id, id AS id2 FROM t;
-- round
UPDATE t SET a = coalesce(a, 0) + 1;
-- round
UPDATE t SET id = id + 1 WHERE id = 2;

-- case: project: CASE, COALESCE, NULLIF, GREATEST with NULL
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 2), (NULL, 2), (2, 2), (NULL, NULL);
-- stream table: s
SELECT CASE WHEN a > b THEN 'gt' WHEN a = b THEN 'eq' END AS c, COALESCE(a, b, 0) AS d, NULLIF(a, b) AS e,
       GREATEST(a, b) AS f, CASE a WHEN 1 THEN b ELSE -b END AS g
FROM t;
-- round
UPDATE t SET a = b + 1 WHERE a IS NULL;
-- round
DELETE FROM t WHERE b IS NULL;
INSERT INTO t VALUES (0, NULL);

-- case: project: the whole row as a value
CREATE TABLE t (a int, b text);
INSERT INTO t VALUES (1, 'x'), (NULL, NULL);
-- mode: ANY
-- stream table: s
SELECT t AS r, ROW (a, b) IS NULL AS n FROM t;
-- round
UPDATE t SET b = 'y';

-- case: project: constants alone, and no FROM
-- mode: ANY
CREATE TABLE t (a int);
INSERT INTO t VALUES (1), (2);
-- stream table: s
SELECT 1 AS one FROM t;
-- stream table: c
SELECT 1 AS one, 'x'::text AS x;
-- round
INSERT INTO t VALUES (3);
-- round
TRUNCATE t;

-- case: filter: division only where the divisor is not zero
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (10, 2), (1, 0), (NULL, 0), (7, NULL);
-- stream table: s
SELECT a, b, CASE WHEN b <> 0 THEN a / b END AS q FROM t;
-- round
UPDATE t SET b = 0 WHERE b = 2;
-- round
UPDATE t SET b = 3 WHERE b = 0;

-- case: filter: an array, a list and a subscript
CREATE TABLE t (a int, xs int[]);
INSERT INTO t VALUES (1, '{1,2}'), (2, '{}'), (3, NULL), (NULL, '{NULL}');
-- stream table: s
SELECT a, xs[1] AS first, cardinality(xs) AS n FROM t WHERE a = ANY (xs) OR xs && '{2}' OR xs IS NULL;
-- round
UPDATE t SET xs = xs || 7;
-- round
UPDATE t SET a = 7;

-- case: filter: immutable SQL function of the user's
CREATE FUNCTION twice(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i * 2';
CREATE TABLE t (a int);
INSERT INTO t VALUES (1), (2), (NULL);
-- stream table: s
SELECT twice(a) AS d FROM t WHERE twice(a) > 2 OR a IS NULL;
-- round
INSERT INTO t VALUES (3), (NULL), (0);

-- case: filter: user operator resolved by the search_path
CREATE FUNCTION near(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) < 2';
CREATE OPERATOR ~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = near);
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 2), (5, 9), (NULL, 1);
-- mode: ANY
-- stream table: s
SELECT a, b FROM t WHERE a ~~~ b;
-- round
UPDATE t SET b = 6 WHERE a = 5;

-- case: filter: volatile functions are refused
-- mode: REFUSED
CREATE TABLE t (a int);
-- stream table: s
SELECT a, random() AS r FROM t;

-- case: filter: strings with quotes, backslashes, percent and dollar signs
CREATE TABLE t (s text);
INSERT INTO t VALUES ('it''s'), ('a\b'), ('50%'), ('$1'), ('%s'), ('{x}'), (E'new\nline'), ('');
-- stream table: s
SELECT s, s || ' 100% {y} $2 %(z)s' AS u FROM t WHERE s <> 'it''s a \ %s {} $1' AND s NOT LIKE '%\%';
-- round
INSERT INTO t VALUES ('%'), ('\'), ('''');
DELETE FROM t WHERE s = 'it''s';
