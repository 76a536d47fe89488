-- case: whole rows: of tables, as values, keys, arguments and under outer joins
CREATE TABLE t (a int, b text);
CREATE TABLE u (a int, c numeric(6, 2));
INSERT INTO t VALUES (1, 'x'), (1, 'x'), (2, NULL), (NULL, NULL);
INSERT INTO u VALUES (1, 1.5), (NULL, NULL);
-- stream table: as_value
SELECT t AS whole, u AS other FROM t LEFT JOIN u ON u.a = t.a;
-- stream table: as_key
SELECT t AS whole, count(*) AS n FROM t GROUP BY t;
-- stream table: a_row_of_nulls_is_counted
SELECT count(t) AS n, count(DISTINCT t) AS d, count(u) AS m FROM t FULL JOIN u ON u.a = t.a;
-- stream table: tested
SELECT t.a FROM t LEFT JOIN u ON u.a = t.a WHERE u IS NULL OR t = ROW(1, 'x')::t;
-- stream table: with_names
SELECT to_jsonb(t) AS j, to_jsonb(u) AS k FROM t FULL JOIN u ON u.a = t.a;
-- stream table: under_an_aggregate
SELECT u.a, jsonb_agg(t ORDER BY t.b) AS j FROM t JOIN u ON u.a = t.a GROUP BY u.a;
-- round
INSERT INTO u VALUES (2, 2), (1, 1.50), (NULL, NULL);
DELETE FROM t WHERE a IS NULL;
-- round
UPDATE t SET a = a + 1, b = NULL;
DELETE FROM u WHERE a = 1;
-- round
INSERT INTO t VALUES (NULL, NULL), (NULL, NULL);
TRUNCATE u;

-- case: whole rows: of subqueries are records with the names of their columns
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 1), (1, 2), (2, NULL), (NULL, NULL);
-- stream table: grouped
SELECT to_jsonb(z) AS j FROM (SELECT a, sum(b) AS "the sum" FROM t GROUP BY a) AS z;
-- stream table: padded
SELECT t.a, to_jsonb(z) AS j, count(z) OVER (PARTITION BY t.a) AS n
FROM t LEFT JOIN (SELECT b AS k, count(*) AS n FROM t GROUP BY b) AS z ON z.k = t.a;
-- stream table: counted
SELECT count(z) AS n, count(w) AS m FROM (SELECT a, b FROM t) AS z LEFT JOIN (SELECT b FROM t) AS w ON w.b = z.a;
-- stream table: named_twice
WITH w AS (SELECT a AS x FROM t) SELECT to_jsonb(one) AS j, to_jsonb(two) AS k FROM w AS one JOIN w AS two USING (x);
-- round
INSERT INTO t VALUES (2, 2), (NULL, NULL);
-- round
DELETE FROM t WHERE b = 1;
UPDATE t SET b = 1 WHERE b IS NULL;
-- round
DELETE FROM t;

-- case: whole rows: in subqueries
CREATE TABLE t (a int, b int);
CREATE TABLE u (a int, b int);
INSERT INTO t VALUES (1, 1), (2, 2), (NULL, 1);
INSERT INTO u VALUES (1, 1), (3, NULL);
-- stream table: compared
SELECT a FROM t WHERE t::text IN (SELECT u::text FROM u);
-- stream table: outer_row
SELECT a FROM t WHERE EXISTS (SELECT FROM u WHERE to_jsonb(t) = to_jsonb(u));
-- stream table: inner_rows
SELECT a, (SELECT count(u) FROM u WHERE u.a = t.a) AS n FROM t;
-- round
INSERT INTO u VALUES (2, 2), (NULL, 1);
-- round
DELETE FROM u WHERE a = 1;
UPDATE t SET b = NULL WHERE a = 2;

-- case: whole rows: a column that comes or is named anew shows in them
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 1), (2, 2);
-- stream table: s
SELECT a, to_jsonb(t) AS j FROM t;
-- round: a column comes
ALTER TABLE t ADD COLUMN c int DEFAULT 5;
-- round: a column is named anew
ALTER TABLE t RENAME COLUMN c TO d;
INSERT INTO t VALUES (3, 3, 3);
-- round
DELETE FROM t WHERE a = 1;
