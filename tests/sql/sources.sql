-- case: source: generated and identity columns
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int, twice int GENERATED ALWAYS AS (v * 2) STORED, at text DEFAULT 'x');
INSERT INTO t (v) VALUES (1), (2), (NULL);
-- stream table: s
SELECT id, v, twice, at FROM t WHERE twice > 2 OR twice IS NULL;
-- stream table: g
SELECT twice, count(*) AS n FROM t GROUP BY twice;
-- round
UPDATE t SET v = v + 1;
-- round
INSERT INTO t (v) VALUES (9);
DELETE FROM t WHERE id = 1;
-- round
INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1, 5);

-- case: source: virtual generated columns
-- requires: 18
-- mode: ANY
CREATE TABLE t (id int PRIMARY KEY, v int, twice int GENERATED ALWAYS AS (v * 2) VIRTUAL);
INSERT INTO t (id, v) VALUES (1, 1), (2, 2);
-- stream table: s
SELECT id, twice FROM t;
-- round
UPDATE t SET v = v + 1;
-- round
DELETE FROM t WHERE id = 1;

-- case: source: partitioned by range, rows move between partitions
CREATE TABLE t (id int, d int, v int, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20);
CREATE TABLE t3 PARTITION OF t DEFAULT;
INSERT INTO t VALUES (1, 1, 1), (2, 11, 2), (3, 99, 3);
-- stream table: s
SELECT id, d, v FROM t;
-- stream table: g
SELECT d / 10 AS p, sum(v) AS v, count(*) AS n FROM t GROUP BY d / 10;
-- stream table: leaf
SELECT id, v FROM t2;
-- round: between partitions
UPDATE t SET d = 12 WHERE id = 1;
-- round: written in a leaf
INSERT INTO t1 VALUES (4, 4, 4);
UPDATE t2 SET v = 20 WHERE id = 2;
DELETE FROM t3;
-- round: one leaf is emptied
TRUNCATE t2;
-- round: the whole
TRUNCATE t;
-- round
INSERT INTO t SELECT i, i, i FROM generate_series(1, 25) i;

-- case: source: partitioned by list in two levels, by hash below
CREATE TABLE t (k text, h int, v int) PARTITION BY LIST (k);
CREATE TABLE ta PARTITION OF t FOR VALUES IN ('a', NULL) PARTITION BY HASH (h);
CREATE TABLE ta0 PARTITION OF ta FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE ta1 PARTITION OF ta FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE tb PARTITION OF t FOR VALUES IN ('b');
INSERT INTO t VALUES ('a', 1, 1), (NULL, 2, 2), ('b', 3, 3), ('b', 3, 3);
-- stream table: s
SELECT k, v FROM t;
-- stream table: sub
SELECT k, count(*) AS n FROM ta GROUP BY k;
-- round
UPDATE t SET k = 'b' WHERE k IS NULL;
-- round
UPDATE ta SET h = h + 1;
INSERT INTO ta0 SELECT * FROM ta0;
-- round
UPDATE tb SET v = 4;
DELETE FROM ta1;

-- case: source: leaves with another order of columns
CREATE TABLE t (a int, b text) PARTITION BY LIST (a);
CREATE TABLE t2 (junk int, b text, a int);
ALTER TABLE t2 DROP COLUMN junk;
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
ALTER TABLE t ATTACH PARTITION t2 FOR VALUES IN (2);
INSERT INTO t VALUES (1, 'one'), (2, 'two');
-- stream table: s
SELECT a, b FROM t;
-- stream table: leaf
SELECT a, b FROM t2;
-- round
UPDATE t SET b = upper(b);
INSERT INTO t2 (a, b) VALUES (2, 'deux');
-- round
UPDATE t SET a = 3 - a;
-- round
TRUNCATE t2;

-- case: source: a partition is attached and detached
CREATE TABLE t (a int, b text) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
CREATE TABLE t2 (a int, b text);
INSERT INTO t2 VALUES (2, 'before');
INSERT INTO t VALUES (1, 'one');
-- mode: ANY
-- stream table: s
SELECT a, b FROM t;
-- round: it brings rows
ALTER TABLE t ATTACH PARTITION t2 FOR VALUES IN (2);
-- round: and takes direct changes
INSERT INTO t2 VALUES (2, 'direct');
UPDATE t SET b = b || '!';
-- round: and goes
ALTER TABLE t DETACH PARTITION t1;
-- round
INSERT INTO t1 VALUES (1, 'nobody sees this');
INSERT INTO t VALUES (2, 'more');

-- case: source: inheritance
CREATE TABLE t (a int, b text);
CREATE TABLE child (c int) INHERITS (t);
INSERT INTO t VALUES (1, 'parent');
INSERT INTO child VALUES (2, 'child', 9);
-- mode: ANY
-- stream table: s
SELECT a, b FROM t;
-- stream table: only_
SELECT a, b FROM ONLY t;
-- round
UPDATE t SET b = upper(b);
-- round
INSERT INTO child VALUES (3, 'direct', 1);
DELETE FROM ONLY t;
-- round
TRUNCATE t;

-- case: source: truncate alone, with inserts before and after
CREATE TABLE t (id int PRIMARY KEY, g int);
INSERT INTO t VALUES (1, 1), (2, 1), (3, 2);
-- stream table: s
SELECT id, g FROM t;
-- stream table: g
SELECT g, count(*) AS n FROM t GROUP BY g;
-- round
TRUNCATE t;
-- round
INSERT INTO t VALUES (1, 1);
TRUNCATE t;
INSERT INTO t VALUES (1, 2), (4, 4);
-- round
BEGIN;
TRUNCATE t;
ROLLBACK;
-- round
TRUNCATE t RESTART IDENTITY CASCADE;
INSERT INTO t VALUES (1, 2);

-- case: source: truncate of two tables and by cascade
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (a_id int REFERENCES a, v int);
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES (1, 1), (2, 2), (2, 3);
-- stream table: s
SELECT a.id, v FROM a LEFT JOIN b ON b.a_id = a.id;
-- stream table: n
SELECT count(*) AS n FROM b;
-- round
TRUNCATE a CASCADE;
-- round
INSERT INTO a VALUES (3);
INSERT INTO b VALUES (3, 9);
-- round
TRUNCATE a, b;

-- case: source: foreign keys that cascade
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a ON UPDATE CASCADE ON DELETE CASCADE);
CREATE TABLE c (b_id int REFERENCES b ON DELETE SET NULL, v int);
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES (10, 1), (20, 2);
INSERT INTO c VALUES (10, 1), (20, 2), (20, 3);
-- stream table: s
SELECT a.id, b.id AS b, c.v FROM a JOIN b ON b.a_id = a.id LEFT JOIN c ON c.b_id = b.id;
-- stream table: n
SELECT b_id, count(*) AS n FROM c GROUP BY b_id;
-- round
UPDATE a SET id = 5 WHERE id = 1;
-- round
DELETE FROM a WHERE id = 2;

-- case: source: its own triggers change what is written
CREATE TABLE t (id int PRIMARY KEY, v int, log text);
CREATE TABLE audit (id int, what text);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN INSERT INTO audit VALUES (OLD.id, 'gone'); RETURN OLD; END IF;
  IF NEW.v < 0 THEN RETURN NULL; END IF;
  NEW.log := TG_OP; INSERT INTO audit VALUES (NEW.id, TG_OP); RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION stamp();
INSERT INTO t VALUES (1, 1), (2, 2);
-- stream table: s
SELECT id, v, log FROM t;
-- stream table: a
SELECT what, count(*) AS n FROM audit GROUP BY what;
-- round
INSERT INTO t VALUES (3, -1), (4, 4);
UPDATE t SET v = v - 2;
-- round
DELETE FROM t;

-- case: source: a trigger of its own that writes to itself
CREATE TABLE t (id int, parent int);
CREATE FUNCTION twin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.parent IS NULL THEN INSERT INTO t VALUES (-NEW.id, NEW.id); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER twin AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION twin();
-- stream table: s
SELECT id, parent FROM t;
-- round
INSERT INTO t VALUES (1, NULL), (2, NULL);

-- case: source: merge, upsert and data-modifying CTEs
CREATE TABLE t (id int PRIMARY KEY, v int);
CREATE TABLE u (id int, v int);
INSERT INTO t VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO u VALUES (2, 20), (3, 30), (4, 40);
-- stream table: s
SELECT id, v FROM t;
-- stream table: j
SELECT t.id, t.v, u.v AS w FROM t FULL JOIN u ON u.id = t.id;
-- round
MERGE INTO t USING u ON t.id = u.id WHEN MATCHED AND u.v > 20 THEN DELETE WHEN MATCHED THEN UPDATE SET v = u.v WHEN NOT MATCHED THEN INSERT VALUES (u.id, u.v);
-- round
INSERT INTO t VALUES (1, 100), (9, 9), (2, 0) ON CONFLICT (id) DO UPDATE SET v = t.v + EXCLUDED.v;
-- round
WITH gone AS (DELETE FROM t WHERE v > 50 RETURNING *), put AS (INSERT INTO u SELECT * FROM gone RETURNING id) UPDATE t SET v = v + 1 WHERE id IN (SELECT id + 1 FROM gone);
-- round
INSERT INTO t VALUES (9, 1) ON CONFLICT DO NOTHING;

-- case: source: row security never hides rows from a refresh
CREATE TABLE t (id int PRIMARY KEY, owner text);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON t USING (owner = current_user);
INSERT INTO t VALUES (1, current_user), (2, 'somebody else');
-- mode: ANY
-- stream table: s
SELECT id, owner FROM t;
-- round
INSERT INTO t VALUES (3, 'nobody');

-- case: source: a column is added, renamed and the table moved
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 1), (2, 2);
CREATE SCHEMA elsewhere;
-- mode: ANY
-- stream table: s
SELECT v, count(*) AS n FROM t GROUP BY v;
-- round
ALTER TABLE t ADD COLUMN w int DEFAULT 5;
INSERT INTO t VALUES (3, 1, 1);

-- case: source: many columns, few used
CREATE TABLE t (id int PRIMARY KEY, a int, b int, c int, d text, e text);
INSERT INTO t VALUES (1, 1, 1, 1, 'x', 'y'), (2, 2, 2, 2, 'x', 'y');
-- stream table: s
SELECT a, c FROM t;
-- round: a column that is not read
UPDATE t SET e = 'z';
-- round
UPDATE t SET c = 5, e = 'q' WHERE id = 2;

-- case: source: an unlogged table is captured like any other
CREATE UNLOGGED TABLE t (id int PRIMARY KEY, v int);
CREATE TABLE p (id int, v int) PARTITION BY LIST (v);
CREATE UNLOGGED TABLE p1 PARTITION OF p DEFAULT;
-- stream table: s
SELECT id, v FROM t;
-- stream table: j
SELECT t.id, count(*) AS n FROM t JOIN p USING (v) GROUP BY t.id;
-- round
INSERT INTO t VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO p VALUES (1, 1), (2, 2);
-- round: and emptied
UPDATE t SET v = 2 WHERE id = 1;
DELETE FROM p WHERE id = 2;
TRUNCATE t;

-- case: source: a table without columns is counted
CREATE TABLE t ();
INSERT INTO t DEFAULT VALUES;
-- stream table: s
SELECT count(*) AS n FROM t;
-- round
INSERT INTO t DEFAULT VALUES;
INSERT INTO t DEFAULT VALUES;
-- round
DELETE FROM t;

-- case: source: a unique key that admits NULL is no key
CREATE TABLE t (k int UNIQUE, v int);
INSERT INTO t VALUES (1, 1), (NULL, 2), (NULL, 2);
-- stream table: s
SELECT k, v FROM t;
-- stream table: g
SELECT k, sum(v) AS v FROM t GROUP BY k;
-- round
INSERT INTO t VALUES (NULL, 2), (2, 2);
-- round
DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE k IS NULL);
UPDATE t SET k = 3 WHERE k = 1;

-- case: source: composite primary key, one part shown
CREATE TABLE t (a int, b int, v int, PRIMARY KEY (a, b));
INSERT INTO t VALUES (1, 1, 5), (1, 2, 5), (2, 1, 5);
-- stream table: part
SELECT a, v FROM t;
-- stream table: whole
SELECT b, a, v FROM t;
-- round
DELETE FROM t WHERE b = 1;
-- round
UPDATE t SET b = b + 1, a = 2;
INSERT INTO t VALUES (2, 9, 5);

-- case: source: a system catalog or a temporary table is refused or exact
-- mode: ANY
CREATE TABLE t (a int);
-- stream table: s
SELECT a FROM t CROSS JOIN (SELECT 1 AS one) AS q;
-- round
INSERT INTO t VALUES (1);

-- case: source: temporary tables are refused
-- mode: REFUSED
CREATE TEMP TABLE tmp (a int);
-- stream table: s
SELECT a FROM tmp;

-- case: source: materialized view
-- mode: ANY
CREATE TABLE t (a int);
INSERT INTO t VALUES (1), (2);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
-- stream table: s
SELECT a FROM m;
-- round
INSERT INTO t VALUES (3);
REFRESH MATERIALIZED VIEW m;
