-- case: group by: groups appear, change and disappear
CREATE TABLE t (g text, v int);
INSERT INTO t VALUES ('a', 1), ('a', 2), ('b', 3);
-- stream table: s
SELECT g, count(*) AS n, sum(v) AS total FROM t GROUP BY g;
-- round: a new group, a group that ends
INSERT INTO t VALUES ('c', 5);
DELETE FROM t WHERE g = 'b';
-- round: a row moves from one group to another
UPDATE t SET g = 'c' WHERE v = 1;
-- round: and a group that was gone returns
INSERT INTO t VALUES ('b', 0);

-- case: group by: a group that ends and begins again in one batch
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 10), (2, 20);
-- stream table: s
SELECT g, sum(v) AS v FROM t GROUP BY g;
-- round
DELETE FROM t WHERE g = 1;
INSERT INTO t VALUES (1, 11);

-- case: group by: NULL is a group
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (NULL, 1), (NULL, 2), (1, 3);
-- stream table: s
SELECT g, count(*) AS n, sum(v) AS v FROM t GROUP BY g;
-- round
DELETE FROM t WHERE v = 1;
UPDATE t SET g = NULL WHERE g = 1;
-- round
UPDATE t SET g = 5;
-- round
INSERT INTO t VALUES (NULL, NULL);

-- case: group by: two keys, NULL in either
CREATE TABLE t (a int, b text, v int);
INSERT INTO t VALUES (1, 'x', 1), (1, NULL, 2), (NULL, 'x', 3), (NULL, NULL, 4), (NULL, NULL, 5);
-- stream table: s
SELECT a, b, count(*) AS n, sum(v) AS v FROM t GROUP BY a, b;
-- round
UPDATE t SET a = 1 WHERE b IS NULL;
-- round
DELETE FROM t WHERE v = 4;
UPDATE t SET b = 'x';

-- case: sum: of nothing but NULL is NULL, and becomes so again
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, NULL), (1, NULL), (2, 5), (2, NULL);
-- stream table: s
SELECT g, sum(v) AS s, count(v) AS c, avg(v) AS a, min(v) AS lo, max(v) AS hi FROM t GROUP BY g;
-- round: the first value
INSERT INTO t VALUES (1, 7);
-- round: the last value goes, its rows stay
DELETE FROM t WHERE v IS NOT NULL;
-- round: zero is not NULL
UPDATE t SET v = 0 WHERE g = 2;
-- round: plus and minus
INSERT INTO t VALUES (1, 3), (1, -3);

-- case: sum: cancels to zero
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 5), (1, -5), (2, 0);
-- stream table: s
SELECT g, sum(v) AS s FROM t GROUP BY g;
-- round
DELETE FROM t;
-- round
INSERT INTO t VALUES (2, 0), (1, 0);

-- case: avg: of integers, with and without NULL
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (1, 2), (1, 2), (2, NULL), (2, 4);
-- stream table: s
SELECT g, avg(v) AS a, sum(v) / count(*) AS i, sum(v)::numeric / nullif(count(v), 0) AS q FROM t GROUP BY g;
-- round
DELETE FROM t WHERE v = 1 OR v = 4;
-- round
INSERT INTO t VALUES (1, 1), (1, 1000000), (2, -3), (2, -3), (2, 7);

-- case: avg: numeric whose scale changes with the rows
CREATE TABLE t (id int PRIMARY KEY, g int, v numeric);
INSERT INTO t VALUES (1, 1, 1), (2, 1, 0.0000000000000000000000000000001), (3, 1, 1), (4, 2, 2.5);
-- stream table: s
SELECT g, sum(v) AS s, avg(v) AS a, count(v) AS n FROM t GROUP BY g;
-- round: the long one goes: the average has fewer digits again
DELETE FROM t WHERE id = 2;
-- round
INSERT INTO t VALUES (5, 1, 1), (6, 2, 2.50000);
-- round
UPDATE t SET v = 10 WHERE id = 1;

-- case: sum and avg: numeric with a fixed scale
CREATE TABLE t (g int, v numeric(10,2));
INSERT INTO t VALUES (1, 0.10), (1, 0.20), (2, 99999999.99);
-- stream table: s
SELECT g, sum(v) AS s, avg(v) AS a, sum(v * 1.05) AS m, sum(v) FILTER (WHERE v > 0.1) AS f FROM t GROUP BY g;
-- round
INSERT INTO t VALUES (1, 0.30), (2, -99999999.99);
-- round
DELETE FROM t WHERE v < 0.2;

-- case: sum: numeric NaN and Infinity come and go
CREATE TABLE t (id int PRIMARY KEY, g int, v numeric);
INSERT INTO t VALUES (1, 1, 1), (2, 1, 'NaN'), (3, 2, 'Infinity'), (4, 2, 5), (5, 3, 1);
-- stream table: s
SELECT g, sum(v) AS s, avg(v) AS a, min(v) AS lo, max(v) AS hi FROM t GROUP BY g;
-- round
DELETE FROM t WHERE id IN (2, 3);
-- round
INSERT INTO t VALUES (6, 3, 'Infinity'), (7, 3, '-Infinity');
-- round
DELETE FROM t WHERE id = 7;
-- round
UPDATE t SET v = 0 WHERE id = 6;

-- case: sum: float8 with rounding, NaN, Infinity and minus zero
CREATE TABLE t (id int PRIMARY KEY, g int, v float8);
INSERT INTO t VALUES (1, 1, 1e20), (2, 1, 1), (3, 1, -1e20), (4, 2, 'NaN'), (5, 2, 1), (6, 3, '-0'), (7, 4, 'Infinity');
-- stream table: s
SELECT g, sum(v) AS s, avg(v) AS a, count(v) AS n, max(v) AS hi, min(v) AS lo FROM t GROUP BY g;
-- round: what was lost to rounding is back
DELETE FROM t WHERE id IN (1, 3);
-- round
DELETE FROM t WHERE id = 4;
INSERT INTO t VALUES (8, 4, '-Infinity');
-- round
DELETE FROM t WHERE id = 8;
UPDATE t SET v = 0.1 WHERE id = 6;
-- round
INSERT INTO t VALUES (9, 3, 0.2), (10, 3, 0.3);
DELETE FROM t WHERE id = 6;

-- case: sum: real, bigint, smallint, money and interval
CREATE TABLE t (g int, r real, b bigint, s smallint, m money, i interval);
INSERT INTO t VALUES (1, 0.5, 9223372036854775807, 32767, 1.25, '1 day'), (1, 0.25, 9223372036854775807, 1, 2, '24 hours'),
                     (2, NULL, NULL, NULL, NULL, NULL);
-- stream table: r
SELECT g, sum(r) AS r, avg(r) AS ra, sum(b) AS b, avg(b) AS ba, sum(s) AS s, avg(s) AS sa FROM t GROUP BY g;
-- stream table: i
SELECT g, sum(m) AS m, sum(i) AS i, max(i) AS hi, min(m) AS lo FROM t GROUP BY g;
-- round
INSERT INTO t VALUES (1, 1.5, -5, -1, -3.10, '-1 month'), (2, 2, 2, 2, 2, '2 hours');
-- round
DELETE FROM t WHERE b = 9223372036854775807;

-- case: min and max: the extremum is deleted
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (1, 5), (1, 9), (2, 4);
-- stream table: s
SELECT g, min(v) AS lo, max(v) AS hi FROM t GROUP BY g;
-- round
DELETE FROM t WHERE v IN (1, 9);
-- round
INSERT INTO t VALUES (1, 0), (2, 9);
-- round
DELETE FROM t WHERE g = 1 AND v = 0;
INSERT INTO t VALUES (1, 0);
-- round
DELETE FROM t WHERE v = 4;

-- case: min and max: one of several equal extrema is deleted
CREATE TABLE t (v int);
INSERT INTO t VALUES (9), (9), (1), (1), (5);
-- stream table: s
SELECT max(v) AS hi, min(v) AS lo, count(*) AS n FROM t;
-- round
DELETE FROM t WHERE ctid IN (SELECT min(ctid) FROM t GROUP BY v HAVING count(*) > 1);
-- round
DELETE FROM t WHERE v <> 5;

-- case: min and max: the extremum is replaced by a better and by a worse one
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 5), (2, 3);
-- stream table: s
SELECT max(v) AS hi, min(v) AS lo FROM t;
-- round: better
UPDATE t SET v = 7 WHERE id = 1;
-- round: worse
UPDATE t SET v = 4 WHERE id = 1;
-- round: worse than the other
UPDATE t SET v = 1 WHERE id = 1;
-- round: NULL
UPDATE t SET v = NULL;
-- round
UPDATE t SET v = 2 WHERE id = 2;

-- case: min and max: text, dates, enums, arrays, ranges by their own order
CREATE TYPE size AS ENUM ('small', 'medium', 'large');
CREATE TABLE t (id int PRIMARY KEY, s text, d date, z timestamptz, e size, xs int[], i inet, n numeric);
INSERT INTO t VALUES (1, 'b', '2024-01-02', '2024-01-01 00:00+00', 'large', '{1,2}', '10.0.0.1', 1.0),
                     (2, 'a', '-infinity', 'infinity', 'small', '{1}', '::1', 1.00),
                     (3, 'B', NULL, NULL, 'medium', NULL, NULL, 'NaN');
-- stream table: s
SELECT min(s) AS s1, max(s) AS s2, min(d) AS d1, max(d) AS d2, min(z) AS z1, max(z) AS z2, min(e) AS e1, max(e) AS e2,
       min(xs) AS x1, max(xs) AS x2, min(i) AS i1, max(i) AS i2, min(n) AS n1, max(n) AS n2
FROM t;
-- round
DELETE FROM t WHERE id = 2;
-- round
DELETE FROM t WHERE id = 1;
-- round
INSERT INTO t SELECT 7, 'é', '2000-01-01', now() - now() + '2001-01-01'::timestamptz, 'small', '{}', '0.0.0.0/0', -1;

-- case: count: of everything, of a column, of a constant, of NULL
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 1), (1, NULL), (2, NULL);
-- stream table: s
SELECT g, count(*) AS a, count(v) AS b, count(1) AS c, count(NULL) AS d, count(v > 0) AS e FROM t GROUP BY g;
-- round
UPDATE t SET v = -1 WHERE v IS NULL;
-- round
DELETE FROM t WHERE g = 2;
UPDATE t SET v = NULL;

-- case: filter clause: different conditions beside each other
CREATE TABLE t (g int, v int, s text);
INSERT INTO t VALUES (1, 1, 'a'), (1, 2, NULL), (1, NULL, 'b'), (2, 5, 'a');
-- stream table: s
SELECT g, count(*) FILTER (WHERE v > 1) AS a, sum(v) FILTER (WHERE s = 'a') AS b, sum(v) AS c,
       max(v) FILTER (WHERE s IS NULL) AS d, avg(v) FILTER (WHERE false) AS e, count(v) FILTER (WHERE NULL) AS f
FROM t GROUP BY g;
-- round
UPDATE t SET s = 'a' WHERE s IS NULL;
-- round
UPDATE t SET v = 0 WHERE g = 2;
INSERT INTO t VALUES (2, 9, NULL), (3, 1, NULL);
-- round
DELETE FROM t WHERE s = 'a';

-- case: expressions over aggregates
CREATE TABLE t (g int, v int, w int);
INSERT INTO t VALUES (1, 1, 2), (1, 3, 4), (2, 5, 0);
-- stream table: s
SELECT g + 1 AS next, sum(v) - sum(w) AS d, sum(v * w) AS p, round(100.0 * sum(v) / nullif(sum(v + w), 0), 2) AS share,
       CASE WHEN count(*) > 1 THEN 'many' ELSE 'one' END AS kind, max(v) - min(w) AS span, coalesce(sum(w), 0) + g AS x
FROM t GROUP BY g;
-- round
UPDATE t SET w = w + v;
-- round
DELETE FROM t WHERE v = 1;
INSERT INTO t VALUES (3, NULL, NULL);

-- case: group by: expressions as keys
CREATE TABLE t (d date, v int, s text);
INSERT INTO t VALUES ('2024-01-31', 1, 'A'), ('2024-02-01', 2, 'a'), ('2024-02-29', NULL, NULL), (NULL, 4, 'b');
-- stream table: s
SELECT date_trunc('month', d::timestamp) AS m, lower(s) AS s, sum(v) AS v FROM t GROUP BY date_trunc('month', d::timestamp), lower(s);
-- stream table: o
SELECT extract(year FROM d) AS y, v % 2 AS odd, count(*) FROM t GROUP BY 1, 2;
-- stream table: c
SELECT CASE WHEN v > 1 THEN 'big' ELSE 'small' END AS k, count(*) AS n FROM t GROUP BY k;
-- round
UPDATE t SET d = d + 1;
-- round
UPDATE t SET v = v + 1, s = 'B';
-- round
DELETE FROM t WHERE v IS NULL OR d IS NULL;

-- case: group by: the key is not shown
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 5), (2, 5), (3, 1);
-- stream table: s
SELECT sum(v) AS v FROM t GROUP BY g;
-- stream table: e
SELECT sum(v) > 2 AS big FROM t GROUP BY g, g % 2;
-- round
INSERT INTO t VALUES (3, 4), (4, NULL);
-- round
DELETE FROM t WHERE g = 1;

-- case: group by: no aggregate at all
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 1), (1, 1), (2, NULL);
-- stream table: s
SELECT a, b FROM t GROUP BY a, b;
-- stream table: h
SELECT a FROM t GROUP BY a HAVING true;
-- round
DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t);
INSERT INTO t VALUES (2, NULL), (3, 3);
-- round
DELETE FROM t WHERE a < 3;

-- case: group by: the primary key determines the other columns
CREATE TABLE t (id int PRIMARY KEY, name text, v int);
CREATE TABLE u (t_id int, w int);
INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2);
INSERT INTO u VALUES (1, 1), (1, 2), (2, 3);
-- stream table: s
SELECT t.id, t.name, t.v + sum(u.w) AS x FROM t JOIN u ON u.t_id = t.id GROUP BY t.id;
-- round: a column that is determined changes
UPDATE t SET name = 'z', v = 100 WHERE id = 1;
-- round
UPDATE t SET id = id + 1;

-- case: group by: the same rows grouped twice
CREATE TABLE t (a int, b int, v int);
INSERT INTO t SELECT i % 2, i % 3, i FROM generate_series(1, 12) i;
-- stream table: s
SELECT a, max(total) AS best, count(*) AS groups FROM (SELECT a, b, sum(v) AS total FROM t GROUP BY a, b) AS q GROUP BY a;
-- round
DELETE FROM t WHERE v IN (12, 11);
-- round
UPDATE t SET b = 0 WHERE b = 1;
-- round
INSERT INTO t VALUES (2, 0, 1), (0, 0, 1000);
DELETE FROM t WHERE a = 1;

-- case: having: groups cross the line in both directions
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 5), (1, 6), (2, 20), (3, 1);
-- stream table: s
SELECT g, sum(v) AS v FROM t GROUP BY g HAVING sum(v) > 10;
-- round: up and down
INSERT INTO t VALUES (3, 10);
DELETE FROM t WHERE v = 6;
-- round: stays above but changes
UPDATE t SET v = v + 1 WHERE g = 2;
-- round: the group below ends, another begins above
DELETE FROM t WHERE g = 1;
INSERT INTO t VALUES (4, 11);
-- round: NULL is below
UPDATE t SET v = NULL;

-- case: having: an aggregate that is not shown
CREATE TABLE t (g int, v int);
INSERT INTO t VALUES (1, 5), (1, 6), (2, 20), (3, NULL);
-- stream table: s
SELECT g FROM t GROUP BY g HAVING count(*) > 1 AND max(v) < 10 OR min(v) IS NULL;
-- round
INSERT INTO t VALUES (1, 11), (3, 1), (2, NULL);
-- round
DELETE FROM t WHERE v = 11;
DELETE FROM t WHERE v IS NULL;

-- case: having: without GROUP BY there is one row or none
CREATE TABLE t (v int);
-- stream table: s
SELECT sum(v) AS v FROM t HAVING count(*) > 1;
-- stream table: e
SELECT count(*) AS n FROM t HAVING count(*) = 0;
-- stream table: x
SELECT 1 AS one FROM t HAVING max(v) > 2;
-- round
INSERT INTO t VALUES (1);
-- round
INSERT INTO t VALUES (2), (3);
-- round
DELETE FROM t WHERE v > 1;
-- round
TRUNCATE t;

-- case: global aggregate: over an empty input there is one row
CREATE TABLE t (v int);
-- stream table: s
SELECT count(*) AS n, sum(v) AS s, avg(v) AS a, min(v) AS lo, count(*) + 1 AS m, coalesce(sum(v), 0) AS z FROM t;
-- stream table: f
SELECT count(*) AS n FROM t WHERE false;
-- round
INSERT INTO t VALUES (1), (NULL);
-- round: empty again
DELETE FROM t;
-- round
INSERT INTO t VALUES (NULL);
-- round
TRUNCATE t;

-- case: global aggregate: above a join that is empty
CREATE TABLE a (k int);
CREATE TABLE b (k int, v int);
-- stream table: s
SELECT count(*) AS n, sum(v) AS v FROM a JOIN b USING (k);
-- round
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (1, 5);
-- round
DELETE FROM a;

-- case: global aggregate: as a subquery that always has a row
CREATE TABLE t (g int, v int);
CREATE TABLE u (g int);
INSERT INTO u VALUES (1), (2);
-- stream table: s
SELECT u.g, q.n, q.hi FROM u CROSS JOIN (SELECT count(*) AS n, max(v) AS hi FROM t) AS q;
-- stream table: g
SELECT n, count(*) AS times FROM (SELECT count(*) AS n FROM t) AS q GROUP BY n;
-- round
INSERT INTO t VALUES (1, 10), (2, 20);
-- round
DELETE FROM t WHERE v = 20;
DELETE FROM u WHERE g = 1;
-- round
DELETE FROM t;

-- case: global aggregate: GROUP BY () and grouping by a constant are different over nothing
CREATE TABLE t (v int);
-- mode: ANY
-- stream table: one
SELECT count(*) AS n FROM t GROUP BY ();
-- stream table: none
SELECT count(*) AS n FROM t GROUP BY 'x'::text;
-- round
INSERT INTO t VALUES (1);
-- round
DELETE FROM t;

-- case: distinct aggregates: count, sum and several at once
CREATE TABLE t (g int, v int, s text);
INSERT INTO t VALUES (1, 1, 'a'), (1, 1, 'b'), (1, 2, 'a'), (2, NULL, NULL);
-- stream table: s
SELECT g, count(DISTINCT v) AS a, sum(DISTINCT v) AS b, count(DISTINCT s) AS c, count(v) AS d, avg(DISTINCT v) AS e FROM t GROUP BY g;
-- stream table: all_
SELECT count(DISTINCT v) AS a, count(DISTINCT (v, s)) AS b FROM t;
-- round: one of two equal values goes
DELETE FROM t WHERE s = 'b';
-- round: the last one goes
DELETE FROM t WHERE v = 1;
INSERT INTO t VALUES (2, 7, 'z'), (2, 7, 'z');
-- round
DELETE FROM t WHERE g = 2;

-- case: aggregates above a union and below a join
CREATE TABLE a (k int, v int);
CREATE TABLE b (k int, v int);
INSERT INTO a VALUES (1, 1), (2, 2);
INSERT INTO b VALUES (1, 10), (3, 30);
-- stream table: s
SELECT q.k, q.v, a.v AS own
FROM (SELECT k, sum(v) AS v FROM (SELECT * FROM a UNION ALL SELECT * FROM b) AS x GROUP BY k) AS q LEFT JOIN a ON a.k = q.k;
-- round
INSERT INTO a VALUES (3, 3);
DELETE FROM b WHERE k = 1;
-- round
UPDATE a SET k = 1;

-- case: group by: many groups, few touched
CREATE TABLE t (id int PRIMARY KEY, g int, v int);
INSERT INTO t SELECT i, i % 100, i FROM generate_series(1, 1000) i;
-- stream table: s
SELECT g, count(*) AS n, sum(v) AS s, min(v) AS lo, max(v) AS hi, avg(v) AS a FROM t GROUP BY g;
-- round
DELETE FROM t WHERE id > 995;
-- round
UPDATE t SET g = g + 1 WHERE g = 99;
-- round
UPDATE t SET v = -v WHERE id % 50 = 0;

-- case: sum: overflow is the error that PostgreSQL gives, and goes with its cause
CREATE TABLE t (g int, v bigint);
INSERT INTO t VALUES (1, 1), (1, 2);
-- stream table: s
SELECT g, sum(v)::bigint AS v FROM t GROUP BY g;
-- round
INSERT INTO t VALUES (1, 9223372036854775800);
-- round
DELETE FROM t WHERE v < 9;

-- case: bool_and, string_agg and others
-- mode: ANY
CREATE TABLE t (g int, b boolean, s text, v int);
INSERT INTO t VALUES (1, true, 'a', 1), (1, false, 'b', 2), (2, NULL, NULL, NULL);
-- stream table: s
SELECT g, bool_and(b) AS ba, bool_or(b) AS bo, string_agg(s, ',' ORDER BY s) AS sa, array_agg(v ORDER BY v) AS aa,
       bit_or(v) AS bi, stddev_pop(v) AS sd FROM t GROUP BY g;
-- round
DELETE FROM t WHERE s = 'b';
INSERT INTO t VALUES (2, true, 'z', 9);
-- round
UPDATE t SET g = 2;

-- case: grouping sets
-- mode: ANY
CREATE TABLE t (a int, b int, v int);
INSERT INTO t VALUES (1, 1, 1), (1, 2, 2), (2, NULL, 3);
-- stream table: s
SELECT a, b, sum(v) AS v, grouping(a, b) AS g FROM t GROUP BY ROLLUP (a, b);
-- round
DELETE FROM t WHERE a = 2;
-- round
TRUNCATE t;

-- case: global aggregate: of which no column is read is one row still
CREATE TABLE r (k int);
CREATE TABLE e (v int);
INSERT INTO r VALUES (1), (2);
-- stream table: a
SELECT r.k FROM r CROSS JOIN (SELECT avg(v) AS a FROM e) AS q;
-- stream table: b
SELECT r.k FROM r LEFT JOIN (SELECT avg(v) AS a FROM e) AS q ON true;
-- stream table: c
SELECT 1 AS one FROM (SELECT avg(v) AS a FROM e) AS q;
-- stream table: d
SELECT count(*) AS n FROM (SELECT sum(v) AS s, max(v) AS m FROM e HAVING max(v) > 1) AS q;
-- round
INSERT INTO e VALUES (1), (2), (3);
-- round
INSERT INTO r VALUES (3);
DELETE FROM e;

-- case: grouping sets below something else
CREATE TABLE t (g date, k int, v int);
INSERT INTO t VALUES ('2024-01-01', 1, 1), (NULL, 2, 2);
-- stream table: a
SELECT q.g, q.k, q.n FROM (SELECT g, k, count(*) AS n FROM t GROUP BY GROUPING SETS (g, k)) AS q LEFT JOIN t AS u ON u.k = q.n;
-- stream table: b
SELECT DISTINCT g, k, s FROM (SELECT g, k, sum(v) AS s FROM t GROUP BY CUBE (g, k)) AS q;
-- stream table: c
SELECT x.g, x.n, t.v FROM (SELECT g, count(*) AS n, grouping(g) AS l FROM t GROUP BY ROLLUP (g)) AS x FULL JOIN t ON x.l = t.k;
-- round
INSERT INTO t VALUES ('2024-01-01', 2, 5);
DELETE FROM t WHERE v = 2;

-- case: grouping sets: the empty one has one row, also where no aggregate is asked for
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 1), (1, 2), (NULL, 2);
-- stream table: s
SELECT a, b, grouping(a, b) AS g FROM t GROUP BY ROLLUP (a, b);
-- stream table: empty_alone
SELECT 1 AS one FROM t GROUP BY GROUPING SETS ((), ());
-- round
INSERT INTO t VALUES (2, 1);
DELETE FROM t WHERE a IS NULL;
-- round: over nothing it is still there
DELETE FROM t;

-- case: group by: a key and an aggregate of the type record have no column to be kept in
-- mode: FULL
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 1), (1, 2), (NULL, 2), (1, 1);
-- stream table: by_row
SELECT (ROW(a, b))::text AS k, count(*) AS n FROM t GROUP BY ROW(a, b);
-- round
INSERT INTO t VALUES (2, 1), (NULL, 2);
DELETE FROM t WHERE b = 1 AND a = 1;

-- case: aggregates: by addition: variances, truth and parity
CREATE TABLE t (id int PRIMARY KEY, g int, v int, n numeric(8, 2), b boolean);
INSERT INTO t VALUES (1, 1, 4, 1.25, true), (2, 1, 9, NULL, NULL), (3, 2, 5, 'NaN', false), (4, 2, NULL, 2, true);
-- stream table: s
SELECT g, var_pop(v) AS vp, var_samp(v) AS vs, stddev(n) AS sn, stddev_pop(v) FILTER (WHERE b) AS sf,
    bool_and(b) AS a, bool_or(b) AS o, every(v > 4) AS e, bit_xor(v) AS x, bit_xor(id) AS y, regr_count(n, v) AS c
FROM t GROUP BY g;
-- stream table: below
SELECT max(vs) AS m, count(x) AS n, bool_or(a) AS a
FROM (SELECT g, variance(v) AS vs, bit_xor(v) AS x, bool_and(b) AS a FROM t GROUP BY g) AS z;
-- stream table: whole
SELECT stddev_samp(v) AS s, bit_xor(v) AS x, every(b) AS e FROM t;
-- round: NaN leaves, equal values come
DELETE FROM t WHERE id = 3;
INSERT INTO t VALUES (5, 1, 4, 1.25, false), (6, 3, 7, 7, NULL), (7, 3, 7, 7, NULL);
-- round: all values leave, the groups stay
UPDATE t SET v = NULL, n = NULL, b = NULL;
-- round: one value is no sample
UPDATE t SET v = id, n = id / 4.0, b = id > 4 WHERE id IN (1, 6, 7);
-- round
DELETE FROM t;
