-- case: joined groups: those that a filtered table asks for
CREATE TABLE part (id int PRIMARY KEY, brand text);
CREATE TABLE line (part int, quantity numeric(8, 2));
INSERT INTO part SELECT i, 'b' || i % 3 FROM generate_series(1, 12) AS i;
INSERT INTO line SELECT 1 + i % 12, i FROM generate_series(1, 60) AS i;
INSERT INTO line VALUES (NULL, 7), (99, 1);
-- stream table: s
SELECT sum(l.quantity) / 7.0 AS yearly, count(*) AS n
FROM line AS l JOIN part AS p ON p.id = l.part
WHERE p.brand = 'b1' AND l.quantity < (SELECT 0.9 * avg(quantity) FROM line WHERE line.part = p.id);
-- round: the groups alone
UPDATE line SET quantity = quantity * 2 WHERE quantity % 4 = 0;
-- round: parts enter and leave the filter, their groups change at the same time
UPDATE part SET brand = CASE brand WHEN 'b1' THEN 'b2' ELSE 'b1' END WHERE id IN (1, 2, 4);
UPDATE line SET quantity = quantity + 1 WHERE part IN (1, 2, 5);
-- round: a part goes with its lines, another without, one comes
DELETE FROM part WHERE id IN (4, 7);
DELETE FROM line WHERE part = 4;
INSERT INTO part VALUES (99, 'b1'), (100, 'b1');
INSERT INTO line VALUES (100, 1), (100, 9), (99, 50), (NULL, 3);
-- round: a key moves
UPDATE part SET id = 7 WHERE id = 100;
UPDATE line SET part = NULL WHERE part = 1;

-- case: joined groups: two columns, and the other side a semi join
CREATE TABLE stock (part int, supplier int, available int, PRIMARY KEY (part, supplier));
CREATE TABLE part (id int PRIMARY KEY, name text);
CREATE TABLE line (part int, supplier int, quantity int);
INSERT INTO part SELECT i, (ARRAY['forest', 'plain'])[1 + i % 2] FROM generate_series(1, 8) AS i;
INSERT INTO stock SELECT p, s, 10 * p FROM generate_series(1, 8) AS p, generate_series(1, 3) AS s;
INSERT INTO line SELECT 1 + i % 8, 1 + i % 3, i FROM generate_series(1, 48) AS i;
-- stream table: s
SELECT part, supplier FROM stock
WHERE part IN (SELECT id FROM part WHERE name = 'forest')
  AND available > (SELECT 0.5 * sum(quantity) FROM line WHERE line.part = stock.part AND line.supplier = stock.supplier);
-- round
UPDATE line SET quantity = quantity * 3 WHERE part % 2 = 0;
DELETE FROM line WHERE part = 3;
-- round
UPDATE part SET name = 'forest' WHERE id IN (1, 2, 3);
UPDATE line SET quantity = 1 WHERE part IN (1, 2);
-- round
UPDATE stock SET supplier = supplier + 1 WHERE part = 2 AND supplier = 3;
INSERT INTO line VALUES (2, 4, 5);
DELETE FROM part WHERE id = 8;

-- case: joined groups: partitions of a window
CREATE TABLE account (id int PRIMARY KEY, kind text);
CREATE TABLE booking (account int, day int, amount int);
INSERT INTO account SELECT i, (ARRAY['a', 'b'])[1 + i % 2] FROM generate_series(1, 6) AS i;
INSERT INTO booking SELECT 1 + i % 6, i, i * i % 17 FROM generate_series(1, 40) AS i;
-- stream table: s
SELECT a.kind, w.account, w.day, w.balance
FROM account AS a
JOIN (SELECT account, day, sum(amount) OVER (PARTITION BY account ORDER BY day) AS balance FROM booking) AS w
  ON w.account = a.id
WHERE a.kind = 'a';
-- round
UPDATE booking SET amount = amount + 1 WHERE day < 4;
-- round
UPDATE account SET kind = 'a' WHERE id = 1;
UPDATE booking SET account = 1 WHERE account = 2 AND day > 20;
-- round
DELETE FROM account WHERE id = 3;
DELETE FROM booking WHERE account = 3 AND day < 10;

-- case: outer join under a filter: what rejects NULL, and what does not
CREATE TABLE a (id int, v numeric(6, 2));
CREATE TABLE b (id int, v numeric(6, 2));
INSERT INTO a SELECT i, i FROM generate_series(1, 9) AS i;
INSERT INTO a VALUES (NULL, 1);
INSERT INTO b SELECT i, i * 2 FROM generate_series(1, 9, 2) AS i;
-- stream table: compared
SELECT a.id, b.v FROM a LEFT JOIN b ON b.id = a.id WHERE a.v + 1 < b.v;
-- stream table: arithmetic
SELECT a.id, b.v FROM a LEFT JOIN b ON b.id = a.id WHERE (- b.v) * 2 <> a.v AND a.v > 1;
-- stream table: replaced
SELECT a.id, b.v FROM a LEFT JOIN b ON b.id = a.id WHERE a.v > coalesce(b.v, 0);
-- stream table: missing
SELECT a.id, a.v FROM a LEFT JOIN b ON b.id = a.id WHERE b.v IS NULL;
-- stream table: either
SELECT a.id, b.v FROM a LEFT JOIN b ON b.id = a.id WHERE b.v > 3 OR a.v < 3;
-- stream table: other_side
SELECT a.id, b.v FROM a LEFT JOIN b ON b.id = a.id WHERE a.v > 3;
-- round
INSERT INTO b VALUES (2, 1), (2, 50), (NULL, 9);
DELETE FROM b WHERE id = 3;
-- round
UPDATE a SET v = v * 3;
UPDATE b SET v = NULL WHERE id = 5;
-- round
DELETE FROM a WHERE id = 2;
INSERT INTO a VALUES (7, 0), (40, 40);

-- case: sums of computed columns keep their digits
CREATE TABLE t (g int, a numeric(8, 2), b numeric(8, 3), c int);
INSERT INTO t SELECT i % 3, i, i / 7.0, i FROM generate_series(1, 20) AS i;
-- stream table: products
SELECT g, sum(x) AS s, avg(x) AS m FROM (SELECT g, a * (1 - b) AS x FROM t) AS q GROUP BY g;
-- stream table: branches
SELECT g, sum(x) AS s FROM (SELECT g, a AS x FROM t UNION ALL SELECT g, b FROM t UNION ALL SELECT g, c FROM t) AS q GROUP BY g;
-- stream table: nested
SELECT g % 2 AS h, sum(s) AS s, max(s) AS m FROM (SELECT g, c, sum(a * b) AS s FROM t GROUP BY g, c) AS q GROUP BY g % 2;
-- stream table: scaleless
SELECT g, sum(x) AS s FROM (SELECT g, a / (c + 1) AS x FROM t) AS q GROUP BY g;
-- round
UPDATE t SET b = b + 0.001, a = NULL WHERE c % 5 = 0;
-- round
DELETE FROM t WHERE g = 1;
INSERT INTO t VALUES (1, 'NaN', 1, 1), (2, 5, NULL, 3);
-- round
DELETE FROM t WHERE a = 'NaN';
UPDATE t SET g = 1 WHERE c = 3;

-- case: a group read as a whole by several, and the best of it
CREATE TABLE line (supplier int, price numeric(8, 2), discount numeric(4, 2));
CREATE TABLE supplier (id int PRIMARY KEY, name text);
INSERT INTO supplier SELECT i, 's' || i FROM generate_series(1, 6) AS i;
INSERT INTO line SELECT 1 + i % 6, i, 0.1 FROM generate_series(1, 30) AS i;
-- stream table: s
WITH revenue AS (SELECT supplier, sum(price * (1 - discount)) AS total FROM line GROUP BY supplier)
SELECT s.id, s.name, r.total, (SELECT avg(total) FROM revenue) AS mean, (SELECT count(*) FROM revenue) AS n
FROM supplier AS s JOIN revenue AS r ON r.supplier = s.id WHERE r.total = (SELECT max(total) FROM revenue);
-- round
UPDATE line SET price = price * 10 WHERE supplier = 2 AND price < 20;
-- round
DELETE FROM line WHERE supplier = 2;
DELETE FROM supplier WHERE id = 6;
-- round
INSERT INTO line VALUES (7, 9999, 0), (3, 9999, 0);
INSERT INTO supplier VALUES (7, 'new');
-- round
TRUNCATE line;

-- case: kept groups: joined without an equality, a key that can be NULL
CREATE TABLE stock (part int, supplier int NOT NULL, value numeric(8, 2));
INSERT INTO stock SELECT nullif(i % 9, 0), i % 4, i FROM generate_series(1, 60) AS i;
-- stream table: nullable
SELECT part, sum(value) AS value FROM stock GROUP BY part
HAVING sum(value) > (SELECT sum(value) * 0.11 FROM stock);
-- stream table: not_null
SELECT supplier, count(value) AS n, max(value) AS most FROM stock GROUP BY supplier
HAVING max(value) < (SELECT max(value) FROM stock) OR count(value) > (SELECT min(value) FROM stock);
-- stream table: pairs
SELECT a.supplier, b.supplier AS other, a.value, b.value AS more
FROM (SELECT supplier, sum(value) AS value FROM stock GROUP BY supplier) AS a
JOIN (SELECT supplier, sum(value) AS value FROM stock GROUP BY supplier) AS b ON a.value < b.value;
-- stream table: of_groups
SELECT max(n) AS most, min(total) AS least, count(*) AS groups
FROM (SELECT part, supplier, count(*) AS n, sum(value) AS total FROM stock GROUP BY part, supplier) AS g;
-- stream table: best
SELECT s.part, s.value FROM stock AS s WHERE s.value = (SELECT max(value) FROM stock WHERE supplier <> 3);
-- round: the extrema leave
DELETE FROM stock WHERE value IN (1, 59, 60);
-- round: groups come and go, NULL among them
DELETE FROM stock WHERE part IS NULL OR supplier = 2;
INSERT INTO stock VALUES (20, 7, 900), (20, 8, NULL);
-- round: keys move
UPDATE stock SET part = NULL, supplier = supplier + 1 WHERE part IN (20, 3);
-- round: nothing is left
DELETE FROM stock;
-- round
INSERT INTO stock VALUES (NULL, 1, 5), (1, 1, 5), (NULL, 2, 7);
