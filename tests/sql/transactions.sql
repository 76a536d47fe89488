-- case: transaction: savepoints kept and undone
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 1), (2, 2);
-- stream table: s
SELECT id, v FROM t;
-- stream table: n
SELECT count(*) AS n, sum(v) AS v FROM t;
-- round
BEGIN;
INSERT INTO t VALUES (3, 3);
SAVEPOINT a;
DELETE FROM t WHERE id = 1;
SAVEPOINT b;
UPDATE t SET v = v * 10;
ROLLBACK TO b;
UPDATE t SET v = v + 1;
RELEASE a;
COMMIT;
-- round
BEGIN;
SAVEPOINT a;
TRUNCATE t;
ROLLBACK TO a;
INSERT INTO t VALUES (4, 4);
COMMIT;

-- case: transaction: rolled back as a whole
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 1);
-- stream table: s
SELECT id, v FROM t;
-- round
BEGIN;
INSERT INTO t VALUES (2, 2);
UPDATE t SET v = 0;
ROLLBACK;
-- round
BEGIN; DELETE FROM t; ROLLBACK;
BEGIN; INSERT INTO t VALUES (3, 3); COMMIT;

-- case: transaction: an exception block in a function
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 1);
-- stream table: s
SELECT id, v FROM t;
-- round
DO $$
BEGIN
  INSERT INTO t VALUES (2, 2);
  BEGIN
    INSERT INTO t VALUES (3, 3);
    INSERT INTO t VALUES (1, 9);
  EXCEPTION WHEN unique_violation THEN
    UPDATE t SET v = 7 WHERE id = 1;
  END;
END $$;

-- case: transaction: procedures that commit in between
CREATE TABLE t (id int PRIMARY KEY, v int);
-- stream table: s
SELECT id, v FROM t;
-- round
DO $$ BEGIN FOR i IN 1..6 LOOP INSERT INTO t VALUES (i, i); IF i % 2 = 0 THEN COMMIT; ELSIF i = 5 THEN ROLLBACK; END IF; END LOOP; END $$;

-- case: transaction: changed and changed back
CREATE TABLE t (id int PRIMARY KEY, g int, v int);
INSERT INTO t VALUES (1, 1, 1), (2, 2, 2);
-- stream table: s
SELECT g, sum(v) AS v FROM t GROUP BY g;
-- stream table: p
SELECT id, v FROM t WHERE v > 1;
-- round
UPDATE t SET v = v + 5;
UPDATE t SET v = v - 5;
-- round
DELETE FROM t WHERE id = 1;
INSERT INTO t VALUES (1, 1, 1);
-- round
INSERT INTO t VALUES (3, 3, 3);
DELETE FROM t WHERE id = 3;
-- round
UPDATE t SET v = v;
-- round
UPDATE t SET v = v + 5;
UPDATE t SET v = v - 4;

-- case: transaction: many small ones between two refreshes
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t SELECT i, 0 FROM generate_series(1, 5) i;
-- stream table: s
SELECT v, count(*) AS n, max(id) AS id FROM t GROUP BY v;
-- round
BEGIN; UPDATE t SET v = v + 1 WHERE id <= 3; COMMIT;
BEGIN; UPDATE t SET v = v + 1 WHERE id <= 2; COMMIT;
BEGIN; DELETE FROM t WHERE id = 5; COMMIT;
BEGIN; INSERT INTO t VALUES (5, 9); COMMIT;
BEGIN; UPDATE t SET id = id + 100 WHERE v = 9; ROLLBACK;
BEGIN; UPDATE t SET id = id + 100 WHERE v = 0; COMMIT;

-- case: transaction: the same row many times in one batch
CREATE TABLE t (id int PRIMARY KEY, g int);
CREATE TABLE u (g int, w int);
INSERT INTO t VALUES (1, 1);
INSERT INTO u VALUES (1, 10), (2, 20), (3, 30);
-- stream table: j
SELECT t.id, u.w FROM t JOIN u USING (g);
-- stream table: l
SELECT u.g, t.id FROM u LEFT JOIN t USING (g);
-- round
UPDATE t SET g = 2;
UPDATE t SET g = 3;
UPDATE u SET w = w + 1;
UPDATE t SET g = 2;
DELETE FROM u WHERE g = 3;
INSERT INTO t VALUES (2, 3);
-- round
DELETE FROM t;
INSERT INTO t VALUES (2, 3);
INSERT INTO u VALUES (3, 31);

-- case: transaction: isolation level, read only and deferred constraints do not matter
CREATE TABLE a (id int PRIMARY KEY, b_id int);
CREATE TABLE b (id int PRIMARY KEY, a_id int);
ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE b ADD FOREIGN KEY (a_id) REFERENCES a DEFERRABLE INITIALLY DEFERRED;
-- stream table: s
SELECT a.id, b.id AS b FROM a FULL JOIN b ON a.b_id = b.id AND b.a_id = a.id;
-- round
BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO a VALUES (1, 2); INSERT INTO b VALUES (2, 1); COMMIT;
-- round
BEGIN ISOLATION LEVEL REPEATABLE READ; DELETE FROM a; DELETE FROM b; INSERT INTO b VALUES (3, NULL); COMMIT;

-- case: transaction: copies of the source table are not the source table
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 1);
-- stream table: s
SELECT id, v FROM t;
-- round
CREATE TABLE copy (LIKE t INCLUDING ALL);
INSERT INTO copy VALUES (5, 5);
INSERT INTO t SELECT * FROM copy;

-- case: transaction: session_replication_role and disabled user triggers do not silence the capture
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 1);
-- stream table: s
SELECT id, v FROM t;
-- round
SET session_replication_role = replica;
INSERT INTO t VALUES (2, 2);
UPDATE t SET v = 5 WHERE id = 1;
SET session_replication_role = origin;
