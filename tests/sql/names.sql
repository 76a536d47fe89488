-- case: names: quoted, reserved, with capitals, spaces and quotes
CREATE TABLE "Order ""Lines""" ("Select" int PRIMARY KEY, "from" text, "größe" int, "a b" int, "user" text);
INSERT INTO "Order ""Lines""" VALUES (1, 'x', 10, 1, 'u'), (2, 'y', NULL, 2, 'v');
-- stream table: "My ""Stream"""
SELECT "Select", "from", "größe" AS "Größe", "a b" + 1 AS "a b", "user" AS "current_user" FROM "Order ""Lines""" AS "T x" WHERE "T x"."a b" > 0;
-- stream table: "group"
SELECT "from" AS "group", sum("größe") AS "sum", count(*) AS "count(*)" FROM "Order ""Lines""" GROUP BY "from";
-- round
UPDATE "Order ""Lines""" SET "größe" = 5, "from" = 'x';
-- round
DELETE FROM "Order ""Lines""" WHERE "Select" = 1;

-- case: names: percent signs, braces, dollars, backslashes in identifiers
CREATE TABLE "100%s" ("%(x)s" int, "{y}" int, "$1" text, "back\slash" int, "new
line" int);
INSERT INTO "100%s" VALUES (1, 2, 'a', 3, 4);
-- stream table: "st %s {z} $2"
SELECT "%(x)s", "{y}", "$1", "back\slash", "new
line" FROM "100%s" WHERE "{y}" % 2 = 0;
-- stream table: grouped
SELECT "$1", sum("%(x)s") AS "%", count("{y}") AS "{}" FROM "100%s" GROUP BY "$1";
-- round
INSERT INTO "100%s" VALUES (5, 6, 'b', 7, 8), (5, 6, 'a', 7, 8);
-- round
DELETE FROM "100%s" WHERE "$1" = 'a';

-- case: names: identifiers of 63 bytes
CREATE TABLE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb int, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbc int);
INSERT INTO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa VALUES (1, 2);
-- stream table: ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
SELECT bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, sum(bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbc) AS bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbd FROM aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa GROUP BY 1;
-- round
INSERT INTO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa VALUES (1, 3), (2, 4);

-- case: names: columns named like the engine's own
CREATE TABLE t (id int PRIMARY KEY, xid text, weight int, count int, pgt_hash int, __weight int, row_id int, c_1 int, oid int);
INSERT INTO t VALUES (1, 'x', 2, 3, 4, 5, 6, 7, 8), (2, 'y', -1, 0, NULL, NULL, NULL, NULL, NULL);
-- stream table: s
SELECT * FROM t;
-- stream table: nokey
SELECT xid, weight, count, pgt_hash, __weight, row_id, c_1, oid FROM t;
-- stream table: g
SELECT xid, sum(weight) AS weight, count(*) AS count, max(pgt_hash) AS __count FROM t GROUP BY xid;
-- stream table: d
SELECT DISTINCT weight AS __pgt_count, xid AS __pgt_weight FROM t;
-- round
UPDATE t SET weight = weight + 1, xid = 'z';
-- round
DELETE FROM t WHERE id = 1;

-- case: names: system columns are refused or exact
-- mode: ANY
CREATE TABLE t (v int);
INSERT INTO t VALUES (1);
-- stream table: s
SELECT tableoid = 't'::regclass AS own, v FROM t;
-- round
INSERT INTO t VALUES (2);

-- case: names: tables of the same name in two schemas
CREATE SCHEMA one;
CREATE SCHEMA two;
CREATE TABLE one.t (k int, v text);
CREATE TABLE two.t (k int, v text);
INSERT INTO one.t VALUES (1, 'one');
INSERT INTO two.t VALUES (1, 'two'), (2, 'two');
-- stream table: one.s
SELECT a.k, a.v, b.v AS w FROM one.t AS a JOIN two.t AS b USING (k);
-- stream table: two.s
SELECT one.t.v, two.t.v AS w FROM one.t, two.t WHERE one.t.k = two.t.k;
-- round
INSERT INTO one.t VALUES (2, 'uno');
UPDATE two.t SET v = 'dos' WHERE k = 2;

-- case: names: the search_path decides, at creation
CREATE SCHEMA first;
CREATE SCHEMA second;
CREATE TABLE first.t (v int);
CREATE TABLE second.t (v int);
CREATE FUNCTION first.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 10';
CREATE FUNCTION second.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 100';
INSERT INTO first.t VALUES (1);
INSERT INTO second.t VALUES (2);
SET search_path = second, first;
-- stream table: first.s
SELECT f(v) AS v FROM t;
-- round
INSERT INTO t VALUES (3);
-- round
INSERT INTO first.t VALUES (4);

-- case: names: a column hidden by an alias, an alias like a table
CREATE TABLE a (b int, c int);
CREATE TABLE b (a int, c int);
INSERT INTO a VALUES (1, 2);
INSERT INTO b VALUES (1, 3);
-- stream table: s
SELECT b.b AS a, a.a AS b, a.c FROM a AS b JOIN b AS a ON b.b = a.a;
-- stream table: t
SELECT a.b AS c, b AS whole FROM a JOIN (SELECT c FROM b) AS b ON true;
-- mode: ANY
-- round
UPDATE a SET c = 7;
UPDATE b SET c = 8;
-- round
DELETE FROM b;

-- case: names: output columns without a name
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (1, 2);
-- stream table: s
SELECT a + b, max(a) OVER () FROM t;
-- mode: ANY
-- round
INSERT INTO t VALUES (3, 4);

-- case: names: two output columns of one name are PostgreSQL's error
-- mode: REFUSED
CREATE TABLE t (a int, b int);
-- stream table: s
SELECT a AS x, b AS x FROM t;

-- case: names: an unknown column is PostgreSQL's error
-- mode: REFUSED
CREATE TABLE t (a int);
-- stream table: s
SELECT nope FROM t;

-- case: names: a syntax error is PostgreSQL's error
-- mode: REFUSED
CREATE TABLE t (a int);
-- stream table: s
SELECT a FROM t WHERE;

-- case: names: not a query
-- mode: REFUSED
CREATE TABLE t (a int);
-- stream table: s
DELETE FROM t;

-- case: names: two statements are refused
-- mode: REFUSED
CREATE TABLE t (a int);
-- stream table: s
SELECT a FROM t; DROP TABLE t;

-- case: names: a query with comments, trailing semicolon and odd white space
CREATE TABLE t (a int);
INSERT INTO t VALUES (1);
-- stream table: s
  /* before */ SELECT	a -- a comment; with a semicolon
  , 'it''s -- no comment' AS c /* in /* nested */ between */ FROM t ;
-- round
INSERT INTO t VALUES (2);
