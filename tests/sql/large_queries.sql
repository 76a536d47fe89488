-- case: large queries: a retailer's reports, after the manner of TPC-DS
CREATE TABLE day (id int PRIMARY KEY, date date NOT NULL, year int NOT NULL, quarter int NOT NULL, weekday text NOT NULL);
CREATE TABLE store (id int PRIMARY KEY, name text NOT NULL, state text, manager int);
CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, brand int, class text, category text, price numeric(7, 2));
CREATE TABLE address (id int PRIMARY KEY, city text, state text, zip text);
CREATE TABLE household (id int PRIMARY KEY, income int, dependants int, potential text);
CREATE TABLE customer (id int PRIMARY KEY, name text, address int, household int, first_day int, preferred boolean);
CREATE TABLE promotion (id int PRIMARY KEY, email boolean, event boolean);
CREATE TABLE reason (id int PRIMARY KEY, text text);
CREATE TABLE store_sale (
    ticket int, item int, day int, customer int, store int, promotion int, quantity int, price numeric(7, 2),
    list numeric(7, 2), cost numeric(7, 2), PRIMARY KEY (ticket, item)
);
CREATE TABLE store_return (ticket int, item int, day int, customer int, reason int, quantity int, amount numeric(7, 2),
    PRIMARY KEY (ticket, item));
CREATE TABLE web_sale (number int, item int, day int, customer int, ship_address int, quantity int, price numeric(7, 2),
    cost numeric(7, 2), PRIMARY KEY (number, item));
CREATE TABLE catalog_sale (number int, item int, day int, customer int, quantity int, price numeric(7, 2),
    cost numeric(7, 2), PRIMARY KEY (number, item));
INSERT INTO day SELECT i, date '2000-01-01' + 20 * i, 2000 + i / 18, 1 + i % 18 / 5, (ARRAY['mon', 'tue', 'sun'])[1 + i % 3]
    FROM generate_series(0, 53) AS i;
INSERT INTO store SELECT i, 'store ' || i, (ARRAY['TN', 'CA', NULL])[1 + i % 3], i % 4 FROM generate_series(1, 6) AS i;
INSERT INTO item SELECT i, 'item ' || i, i % 7, 'class ' || i % 5, (ARRAY['Books', 'Music', 'Sports', NULL])[1 + i % 4],
    1 + i * 1.5 FROM generate_series(1, 40) AS i;
INSERT INTO address SELECT i, 'city ' || i % 9, (ARRAY['TN', 'CA', 'WA'])[1 + i % 3], (10000 + i * 37)::text
    FROM generate_series(1, 30) AS i;
INSERT INTO household SELECT i, i % 5, i % 4, (ARRAY['high', 'low'])[1 + i % 2] FROM generate_series(1, 12) AS i;
INSERT INTO customer SELECT i, 'customer ' || i, 1 + i % 30, 1 + i % 12, i % 54, i % 3 = 0 FROM generate_series(1, 60) AS i;
INSERT INTO promotion SELECT i, i % 2 = 0, i % 3 = 0 FROM generate_series(1, 5) AS i;
INSERT INTO reason SELECT i, 'reason ' || i FROM generate_series(1, 4) AS i;
INSERT INTO store_sale SELECT i / 2, 1 + (i * 7) % 40, i % 54, 1 + i % 60, 1 + i % 6, nullif(i % 6, 0), 1 + i % 20,
    5 + i % 90, 6 + i % 90, 3 + i % 50 FROM generate_series(1, 900) AS i ON CONFLICT DO NOTHING;
INSERT INTO store_return SELECT ticket, item, (day + 2) % 54, customer, 1 + ticket % 4, 1 + quantity / 3, price
    FROM store_sale WHERE ticket % 5 = 0;
INSERT INTO web_sale SELECT i / 3, 1 + (i * 11) % 40, i % 54, 1 + (i * 5) % 60, 1 + i % 30, 1 + i % 9, 4 + i % 80, 2 + i % 60
    FROM generate_series(1, 500) AS i ON CONFLICT DO NOTHING;
INSERT INTO catalog_sale SELECT i / 2, 1 + (i * 13) % 40, i % 54, 1 + (i * 7) % 60, 1 + i % 12, 3 + i % 70, 2 + i % 40
    FROM generate_series(1, 400) AS i ON CONFLICT DO NOTHING;
-- stream table: year_over_year
WITH year_total AS (
  SELECT c.id, c.name, d.year, sum(s.list * s.quantity - s.cost) AS total, 's' AS channel
  FROM customer AS c JOIN store_sale AS s ON s.customer = c.id JOIN day AS d ON d.id = s.day GROUP BY c.id, c.name, d.year
  UNION ALL
  SELECT c.id, c.name, d.year, sum(w.price * w.quantity - w.cost), 'w'
  FROM customer AS c JOIN web_sale AS w ON w.customer = c.id JOIN day AS d ON d.id = w.day GROUP BY c.id, c.name, d.year
)
SELECT s2.id, s2.name, s1.total AS store_first, s2.total AS store_second, w1.total AS web_first, w2.total AS web_second
FROM year_total AS s1, year_total AS s2, year_total AS w1, year_total AS w2
WHERE s1.id = s2.id AND s1.id = w1.id AND s1.id = w2.id AND s1.channel = 's' AND s2.channel = 's' AND w1.channel = 'w'
  AND w2.channel = 'w' AND s1.year = 2000 AND s2.year = 2001 AND w1.year = 2000 AND w2.year = 2001
  AND s1.total > 0 AND w1.total > 0 AND w2.total / w1.total > s2.total / s1.total * 0.5;
-- stream table: three_channels
WITH ss AS (SELECT i.category, sum(s.price) AS total FROM store_sale AS s, day AS d, address AS a, item AS i, customer AS c
    WHERE s.item = i.id AND s.day = d.id AND s.customer = c.id AND c.address = a.id AND d.year = 2001 AND a.state = 'TN'
      AND i.brand IN (SELECT brand FROM item WHERE category = 'Books') GROUP BY i.category),
cs AS (SELECT i.category, sum(s.price) AS total FROM catalog_sale AS s, day AS d, address AS a, item AS i, customer AS c
    WHERE s.item = i.id AND s.day = d.id AND s.customer = c.id AND c.address = a.id AND d.year = 2001 AND a.state = 'TN'
      AND i.brand IN (SELECT brand FROM item WHERE category = 'Books') GROUP BY i.category),
ws AS (SELECT i.category, sum(s.price) AS total FROM web_sale AS s, day AS d, address AS a, item AS i
    WHERE s.item = i.id AND s.day = d.id AND s.ship_address = a.id AND d.year = 2001 AND a.state = 'TN'
      AND i.brand IN (SELECT brand FROM item WHERE category = 'Books') GROUP BY i.category)
SELECT category, sum(total) AS total FROM (SELECT * FROM ss UNION ALL SELECT * FROM cs UNION ALL SELECT * FROM ws) AS all_channels
GROUP BY category;
-- stream table: profit_rollup
SELECT i.category, i.class, grouping(i.category) + grouping(i.class) AS level, sum(s.price * s.quantity) AS revenue,
  avg(s.cost) AS cost, rank() OVER (
    PARTITION BY grouping(i.category) + grouping(i.class), CASE WHEN grouping(i.class) = 0 THEN i.category END
    ORDER BY sum(s.price * s.quantity) DESC) AS place
FROM store_sale AS s JOIN day AS d ON d.id = s.day JOIN item AS i ON i.id = s.item JOIN store AS t ON t.id = s.store
WHERE d.year = 2001 AND t.state IN ('TN', 'CA') GROUP BY ROLLUP (i.category, i.class);
-- stream table: returners
WITH total AS (SELECT r.customer, t.id AS store, sum(r.amount) AS amount FROM store_return AS r
    JOIN store_sale AS s ON s.ticket = r.ticket AND s.item = r.item JOIN store AS t ON t.id = s.store
    JOIN day AS d ON d.id = r.day WHERE d.year >= 2000 GROUP BY r.customer, t.id)
SELECT c.id, c.name, a.city, x.store, x.amount FROM total AS x JOIN customer AS c ON c.id = x.customer
JOIN address AS a ON a.id = c.address
WHERE x.amount > (SELECT avg(amount) * 1.2 FROM total AS y WHERE y.store = x.store);
-- stream table: cross_items
WITH both_channels AS (SELECT item FROM store_sale WHERE quantity > 3 INTERSECT SELECT item FROM web_sale WHERE quantity > 2
    EXCEPT SELECT item FROM catalog_sale WHERE quantity > 11),
average AS (SELECT avg(quantity * price) AS mean FROM (SELECT quantity, price FROM store_sale
    UNION ALL SELECT quantity, price FROM catalog_sale UNION ALL SELECT quantity, price FROM web_sale) AS x)
SELECT i.brand, i.class, sum(s.quantity * s.price) AS sales, count(*) AS n
FROM store_sale AS s JOIN item AS i ON i.id = s.item JOIN day AS d ON d.id = s.day
WHERE s.item IN (SELECT item FROM both_channels) AND d.year = 2001 GROUP BY i.brand, i.class
HAVING sum(s.quantity * s.price) > (SELECT mean FROM average);
-- stream table: returned_and_bought
SELECT i.name AS item, t.name AS store, d1.quarter, count(s.quantity) AS sold, avg(s.quantity) AS sold_mean,
  stddev_samp(s.quantity) AS sold_deviation, count(r.quantity) AS returned, sum(c.quantity) AS ordered, max(c.price) AS dearest
FROM store_sale AS s JOIN store_return AS r ON r.ticket = s.ticket AND r.item = s.item AND r.customer = s.customer
JOIN catalog_sale AS c ON c.customer = r.customer AND c.item % 5 = r.item % 5 JOIN day AS d1 ON d1.id = s.day
JOIN day AS d2 ON d2.id = r.day JOIN day AS d3 ON d3.id = c.day JOIN store AS t ON t.id = s.store JOIN item AS i ON i.id = s.item
WHERE d1.year = 2001 AND d2.year IN (2000, 2001, 2002) AND d3.quarter < 4 GROUP BY i.name, t.name, d1.quarter;
-- stream table: moving_average
WITH monthly AS (SELECT i.category, i.brand, t.name, d.year, d.quarter, sum(s.price) AS total,
    avg(sum(s.price)) OVER (PARTITION BY i.category, i.brand, t.name, d.year) AS mean,
    rank() OVER (PARTITION BY i.category, i.brand, t.name ORDER BY d.year, d.quarter) AS number
  FROM item AS i, store_sale AS s, day AS d, store AS t
  WHERE s.item = i.id AND s.day = d.id AND s.store = t.id GROUP BY i.category, i.brand, t.name, d.year, d.quarter)
SELECT v1.category, v1.brand, v1.name, v1.year, v1.quarter, v1.mean, v1.total, v2.total AS before, v3.total AS after
FROM monthly AS v1, monthly AS v2, monthly AS v3
WHERE v1.category = v2.category AND v1.category = v3.category AND v1.brand = v2.brand AND v1.brand = v3.brand
  AND v1.name = v2.name AND v1.name = v3.name AND v1.number = v2.number + 1 AND v1.number = v3.number - 1
  AND v1.year = 2001 AND v1.mean > 0 AND abs(v1.total - v1.mean) / v1.mean > 0.1;
-- stream table: who_buys_where
SELECT a.state, h.income, h.dependants, count(*) AS people, avg(h.dependants) AS dependants_mean, max(h.potential) AS potential
FROM customer AS c JOIN address AS a ON a.id = c.address JOIN household AS h ON h.id = c.household
WHERE EXISTS (SELECT FROM store_sale AS s JOIN day AS d ON d.id = s.day WHERE s.customer = c.id AND d.year = 2001)
  AND (EXISTS (SELECT FROM web_sale AS w JOIN day AS d ON d.id = w.day WHERE w.customer = c.id AND d.quarter < 3)
    OR EXISTS (SELECT FROM catalog_sale AS k JOIN day AS d ON d.id = k.day WHERE k.customer = c.id AND d.quarter > 2))
  AND NOT EXISTS (SELECT FROM store_return AS r WHERE r.customer = c.id AND r.reason = 3)
GROUP BY a.state, h.income, h.dependants;
-- stream table: promotions
SELECT p.with_email, sum(s.price) FILTER (WHERE p.with_event) AS promoted, sum(s.price) AS total, count(DISTINCT s.customer) AS people,
  (SELECT count(*) FROM promotion WHERE email) AS emails
FROM store_sale AS s LEFT JOIN (SELECT id, email AS with_email, event AS with_event FROM promotion) AS p ON p.id = s.promotion
JOIN store AS t ON t.id = s.store JOIN customer AS c ON c.id = s.customer JOIN address AS a ON a.id = c.address
JOIN item AS i ON i.id = s.item JOIN day AS d ON d.id = s.day JOIN day AS f ON f.id = c.first_day
LEFT JOIN store_return AS r ON r.ticket = s.ticket AND r.item = s.item
WHERE a.state <> 'WA' AND i.category IS NOT NULL AND d.year BETWEEN 2000 AND 2002 AND f.year < 2003 AND r.ticket IS NULL
GROUP BY p.with_email;
-- stream table: channel_report
WITH sales AS (
  SELECT 'store' AS channel, i.category, d.year, a.state, s.quantity, s.price * s.quantity AS amount, r.amount AS returned
  FROM store_sale AS s JOIN item AS i ON i.id = s.item JOIN day AS d ON d.id = s.day JOIN customer AS c ON c.id = s.customer
  JOIN address AS a ON a.id = c.address LEFT JOIN store_return AS r ON r.ticket = s.ticket AND r.item = s.item
  UNION ALL
  SELECT 'web', i.category, d.year, a.state, w.quantity, w.price * w.quantity, NULL
  FROM web_sale AS w JOIN item AS i ON i.id = w.item JOIN day AS d ON d.id = w.day JOIN address AS a ON a.id = w.ship_address
  UNION ALL
  SELECT 'catalog', i.category, d.year, a.state, k.quantity, k.price * k.quantity, NULL
  FROM catalog_sale AS k JOIN item AS i ON i.id = k.item JOIN day AS d ON d.id = k.day JOIN customer AS c ON c.id = k.customer
  JOIN address AS a ON a.id = c.address
),
per_state AS (SELECT channel, state, year, sum(amount) AS amount FROM sales GROUP BY channel, state, year)
SELECT s.channel, s.category, s.year, sum(s.amount) AS amount, sum(s.returned) AS returned, count(DISTINCT s.state) AS states,
  (SELECT max(amount) FROM per_state AS p WHERE p.channel = s.channel) AS best_state,
  (SELECT count(*) FROM per_state AS p WHERE p.year = s.year) AS states_in_year
FROM sales AS s GROUP BY CUBE (s.channel, s.category, s.year);
-- round: facts
INSERT INTO store_sale SELECT 1000 + i, 1 + i, 18 + i % 18, 1 + i * 3 % 60, 1 + i % 6, 1, 5, 40, 50, 10 FROM generate_series(1, 12) AS i;
DELETE FROM store_sale WHERE ticket % 40 = 1;
UPDATE web_sale SET price = price * 2, customer = 1 + customer % 60 WHERE number % 17 = 0;
UPDATE catalog_sale SET quantity = quantity + 2 WHERE number % 23 = 0;
INSERT INTO store_return SELECT ticket, item, day, customer, 3, 1, 5 FROM store_sale WHERE ticket BETWEEN 1001 AND 1004;
-- round: dimensions, keys among them
UPDATE item SET category = 'Books', brand = brand + 1 WHERE id % 9 = 0;
UPDATE store SET state = 'TN' WHERE state IS NULL;
DELETE FROM customer WHERE id = 7;
UPDATE customer SET id = 107 WHERE id = 8;
UPDATE address SET state = 'TN' WHERE id IN (2, 4);
UPDATE promotion SET email = NOT email;
UPDATE day SET year = 2001 WHERE year = 2002 AND quarter = 1;
DELETE FROM household WHERE id = 5;
-- round: all of them
DELETE FROM store_return WHERE reason = 2;
UPDATE store_sale SET store = 2, customer = 107 WHERE ticket % 30 = 5;
UPDATE day SET quarter = 2 WHERE weekday = 'sun';
INSERT INTO customer VALUES (7, 'again', 3, 4, 20, true);
DELETE FROM item WHERE id = 14;
DELETE FROM web_sale WHERE item % 8 = 3;
INSERT INTO catalog_sale SELECT 900 + i, i, 20, 7, 4, 90, 1 FROM generate_series(1, 10) AS i
