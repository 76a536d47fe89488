-- case: the last seven days: rows leave as time passes, with no change in the source
CREATE TABLE event (id int PRIMARY KEY, at timestamptz, kind text);
CREATE INDEX ON event (at);
INSERT INTO event
SELECT i, timestamptz '2026-01-01 00:00+00' + i * interval '6 hours', 'k' || i % 3 FROM generate_series(1, 60) i;
INSERT INTO event VALUES (100, NULL, 'none'), (101, 'infinity', 'far'), (102, '-infinity', 'past');
-- at: 2026-01-10 12:00+00
-- stream table: recent
SELECT id, at, kind FROM event WHERE at >= now() - interval '7 days';
-- stream table: windowed
SELECT id, kind FROM event WHERE at BETWEEN now() - interval '2 days' AND now();
-- stream table: older
SELECT id FROM event WHERE NOT (at >= CURRENT_TIMESTAMP - interval '3 days');
-- stream table: outside
SELECT id FROM event WHERE at NOT BETWEEN transaction_timestamp() - interval '1 day' AND statement_timestamp();
-- round: six hours pass
-- at: 2026-01-10 18:00+00
-- round: three days pass, and rows change
DELETE FROM event WHERE id % 7 = 0;
INSERT INTO event SELECT 200 + i, timestamptz '2026-01-13 00:00+00' - i * interval '12 hours', 'new' FROM generate_series(-4, 20) i;
UPDATE event SET at = at + interval '2 days' WHERE id % 5 = 0;
-- at: 2026-01-13 18:00+00
-- round: a month
-- at: 2026-02-13 18:00:00.000001+00

-- case: groups, sums and counts over a moving window
CREATE TABLE sale (id int PRIMARY KEY, shop int, at timestamptz NOT NULL, amount numeric(10,2));
CREATE INDEX ON sale (at);
INSERT INTO sale SELECT i, i % 4, timestamptz '2026-03-01 00:00+00' + i * interval '1 hour', i * 1.5 FROM generate_series(1, 200) i;
-- at: 2026-03-05 00:00+00
-- stream table: per_shop
SELECT shop, count(*) AS n, sum(amount) AS total, min(at) AS first, max(amount) AS most
FROM sale WHERE at > now() - interval '1 day' AND at <= now() GROUP BY shop;
-- stream table: total
SELECT count(*) AS n, sum(amount) AS total FROM sale WHERE at > now() - interval '36 hours';
-- stream table: parts
SELECT shop, count(*) FILTER (WHERE at > now() - interval '1 day') AS day,
       count(*) FILTER (WHERE at > now() - interval '2 days' AND shop > 1) AS two,
       sum(CASE WHEN at >= now() THEN amount ELSE 0 END) AS ahead, count(*) AS n
FROM sale GROUP BY shop;
-- stream table: kinds
SELECT id, CASE WHEN at > now() - interval '12 hours' THEN 'new' WHEN at > now() - interval '3 days' THEN 'known' ELSE 'old' END AS age, at > now() AS ahead FROM sale;
-- stream table: distinct_shops
SELECT DISTINCT shop FROM sale WHERE at > now() - interval '3 hours' AND at <= now();
-- round: an hour
-- at: 2026-03-05 01:00+00
-- round: a day and changes
UPDATE sale SET shop = 9 WHERE id % 10 = 0;
DELETE FROM sale WHERE id BETWEEN 90 AND 100;
-- at: 2026-03-06 06:30+00
-- round: the window runs past the data
-- at: 2026-04-06 06:30+00
-- round: data catches up
INSERT INTO sale VALUES (1000, 1, '2026-04-06 06:30+00', 7), (1001, 2, '2026-04-06 06:00+00', 8);

-- case: joins of every kind with conditions on the clock
CREATE TABLE account (id int PRIMARY KEY, valid_until timestamptz, grace interval);
CREATE TABLE login (id int, account int, at timestamptz);
INSERT INTO account VALUES (1, '2026-05-01 00:00+00', '1 day'), (2, '2026-05-03 00:00+00', '2 days'), (3, NULL, '1 day'), (4, 'infinity', NULL);
INSERT INTO login SELECT i, i % 5, timestamptz '2026-04-28 00:00+00' + i * interval '3 hours' FROM generate_series(1, 40) i;
-- at: 2026-04-30 12:00+00
-- stream table: inner_join
SELECT a.id, l.id AS login FROM account a JOIN login l ON l.account = a.id AND l.at <= now() AND a.valid_until > now();
-- stream table: both_sides
SELECT a.id, l.id AS login FROM account a JOIN login l ON l.account = a.id AND l.at + a.grace > now();
-- stream table: left_join
SELECT a.id, l.id AS login FROM account a LEFT JOIN login l ON l.account = a.id AND l.at <= now() AND l.at > now() - interval '1 day';
-- stream table: left_kept
SELECT a.id, l.id AS login FROM account a LEFT JOIN login l ON l.account = a.id AND a.valid_until > now();
-- stream table: full_join
SELECT a.id, l.id AS login FROM account a FULL JOIN login l ON l.account = a.id AND a.valid_until > now() AND l.at <= now();
-- stream table: has_login
SELECT a.id FROM account a WHERE EXISTS (SELECT FROM login l WHERE l.account = a.id AND l.at > now() - interval '6 hours' AND l.at <= now());
-- stream table: no_login
SELECT a.id FROM account a WHERE NOT EXISTS (SELECT FROM login l WHERE l.account = a.id AND l.at > now() - interval '6 hours' AND a.valid_until > now());
-- stream table: not_in
SELECT a.id FROM account a WHERE a.id NOT IN (SELECT l.account FROM login l WHERE l.at > now());
-- round: the first account ends
-- at: 2026-05-01 00:00+00
-- round: a microsecond later
-- at: 2026-05-01 00:00:00.000001+00
-- round: logins come and go
INSERT INTO login VALUES (100, 3, '2026-05-01 09:00+00'), (101, 4, '2026-05-01 09:00+00'), (102, NULL, '2026-05-01 13:00+00');
DELETE FROM login WHERE id % 3 = 0;
UPDATE account SET valid_until = '2026-05-01 11:00+00' WHERE id = 4;
-- at: 2026-05-01 10:00+00
-- round: much later
-- at: 2026-05-05 10:00+00

-- case: local days, and the hour that comes twice
SET TIME ZONE 'Europe/Berlin';
CREATE TABLE shift (id int PRIMARY KEY, day date, local timestamp, at timestamptz);
CREATE INDEX ON shift (local);
INSERT INTO shift
SELECT i, (timestamp '2026-10-24 20:00' + i * interval '20 minutes')::date, timestamp '2026-10-24 20:00' + i * interval '20 minutes',
       timestamptz '2026-10-24 18:00+00' + i * interval '20 minutes' FROM generate_series(0, 60) i;
-- at: 2026-10-24 23:30 Europe/Berlin
-- stream table: today
SELECT id FROM shift WHERE day = CURRENT_DATE;
-- stream table: started
SELECT id FROM shift WHERE local <= LOCALTIMESTAMP;
-- stream table: since_midnight
SELECT id FROM shift WHERE at >= date_trunc('day', now());
-- stream table: utc
SELECT id FROM shift WHERE local > now() AT TIME ZONE 'UTC' AND local > now()::timestamp - interval '1 hour';
-- stream table: days
SELECT id FROM shift WHERE day IN (CURRENT_DATE, CURRENT_DATE + 1) AND extract(hour FROM now()) < 22;
-- stream table: rounded
SELECT id FROM shift WHERE at > CURRENT_TIMESTAMP(0) AND local::time > LOCALTIME;
-- round: after midnight, summer time
-- at: 2026-10-25 00:50+02
-- round: 02:50 the first time
-- at: 2026-10-25 02:50+02
-- round: 02:10 the second time: local time has moved back
-- at: 2026-10-25 02:10+01
-- round: winter time
DELETE FROM shift WHERE id % 4 = 1;
-- at: 2026-10-25 05:00+01

-- case: what else tests the time
CREATE TABLE offer (id int PRIMARY KEY, valid tstzrange, made timestamptz, note text, ttl interval);
INSERT INTO offer SELECT i, tstzrange(timestamptz '2026-06-01 00:00+00' + i * interval '1 hour', timestamptz '2026-06-01 00:00+00' + i * interval '2 hours'),
    timestamptz '2026-06-01 00:00+00' + i * interval '90 minutes', CASE WHEN i % 3 > 0 THEN 'n' || i END, i * interval '10 minutes' FROM generate_series(1, 30) i;
-- at: 2026-06-01 12:00+00
-- stream table: valid_now
SELECT id FROM offer WHERE valid @> now();
-- stream table: ages
SELECT id FROM offer WHERE now() - made < interval '5 hours' OR note IS NULL;
-- stream table: one_argument
SELECT id FROM offer WHERE age(made) < interval '-6 hours';
-- stream table: lifetimes
SELECT id FROM offer WHERE made + ttl < now();
-- stream table: nothing_to_compare
SELECT id FROM offer WHERE made > CASE WHEN now() < '2026-06-01 13:00+00' THEN NULL ELSE now() END;
-- stream table: nullif_bound
SELECT id, made > NULLIF(now(), '2026-06-01 14:00+00') AS later, (made > NULLIF(now(), '2026-06-01 14:00+00')) IS NULL AS unknown FROM offer;
-- stream table: office_hours
SELECT id, note FROM offer WHERE extract(hour FROM now() AT TIME ZONE 'UTC') BETWEEN 8 AND 16;
-- stream table: overlapping
SELECT id FROM offer WHERE (made, ttl) OVERLAPS (now() - interval '1 hour', interval '2 hours');
-- round: the bound is NULL no more
-- at: 2026-06-01 13:00+00
-- round: and again at one moment
-- at: 2026-06-01 14:00+00
-- round: evening
UPDATE offer SET made = made + interval '1 hour', note = NULL WHERE id % 6 = 0;
-- at: 2026-06-01 20:00+00
-- round: next day
DELETE FROM offer WHERE id > 20;
-- at: 2026-06-02 10:00+00

-- case: set operations, windows, limits and HAVING over moving rows
CREATE TABLE bid (id int PRIMARY KEY, lot int, at timestamptz, price int);
CREATE INDEX ON bid (at);
INSERT INTO bid SELECT i, i % 6, timestamptz '2026-07-01 00:00+00' + i * interval '10 minutes', (i * 37) % 101 FROM generate_series(1, 90) i;
-- at: 2026-07-01 04:00+00
-- stream table: ranked
SELECT id, lot, rank() OVER (PARTITION BY lot ORDER BY price DESC, id) FROM bid WHERE at <= now() AND at > now() - interval '3 hours';
-- stream table: counted
SELECT id, lot, count(*) FILTER (WHERE at > now() - interval '2 hours') OVER (PARTITION BY lot) AS n FROM bid WHERE at <= now();
-- stream table: last_bid
SELECT DISTINCT ON (lot) lot, id, price FROM bid WHERE at <= now() ORDER BY lot, at DESC;
-- stream table: top
SELECT id, price FROM bid WHERE at <= now() AND at > now() - interval '1 hour' ORDER BY price DESC, id LIMIT 3;
-- stream table: lots
SELECT lot FROM bid WHERE at <= now() EXCEPT SELECT lot FROM bid WHERE at <= now() AND at > now() - interval '40 minutes';
-- stream table: united
SELECT lot, price FROM bid WHERE at > now() + interval '8 hours' UNION SELECT lot, price FROM bid WHERE at < now() - interval '2 hours';
-- stream table: lively
SELECT lot, max(at) AS latest FROM bid GROUP BY lot HAVING max(at) > now() + interval '9 hours' OR count(*) > 100;
-- stream table: sets
SELECT lot, price % 2 AS odd, count(*) FROM bid WHERE at > now() GROUP BY ROLLUP (lot, price % 2);
-- stream table: scalar
SELECT lot, (SELECT max(b.price) FROM bid b WHERE b.lot = l.lot AND b.at <= now()) AS best FROM (SELECT DISTINCT lot FROM bid) l;
-- round: two hours
-- at: 2026-07-01 06:00+00
-- round: bids change
UPDATE bid SET price = price + 200 WHERE id IN (20, 36, 40);
DELETE FROM bid WHERE lot = 5 AND id > 30;
INSERT INTO bid VALUES (500, 7, '2026-07-01 06:30+00', 1), (501, 7, '2026-07-01 16:30+00', 2);
-- at: 2026-07-01 06:40+00
-- round: a day
-- at: 2026-07-02 06:40+00

-- case: the bound comes from a WITH query or a subquery
CREATE TABLE reading (id int PRIMARY KEY, at timestamptz, v int);
CREATE INDEX ON reading (at);
INSERT INTO reading SELECT i, timestamptz '2026-08-01 00:00+00' + i * interval '1 hour', i FROM generate_series(1, 48) i;
-- at: 2026-08-01 12:00+00
-- stream table: bound
WITH p AS (SELECT now() - interval '6 hours' AS since, now() AS until) SELECT r.id, r.v FROM reading r, p WHERE r.at > p.since AND r.at <= p.until;
-- stream table: subquery
SELECT id, v FROM reading WHERE at > (SELECT now() - interval '2 hours') AND at < (SELECT max(at) FROM reading WHERE at < now());
-- stream table: aged
SELECT id FROM (SELECT id, now() - at AS age FROM reading) AS q WHERE age < interval '4 hours';
-- round: an hour passes
-- at: 2026-08-01 13:00+00
-- round: a reading is late
INSERT INTO reading VALUES (100, '2026-08-01 10:00+00', 100), (101, '2026-08-01 17:00+00', 102);
-- at: 2026-08-01 17:30+00

-- case: values made from the time are recomputed, at the time of the frontier
-- mode: FULL
CREATE TABLE job (id int PRIMARY KEY, at timestamptz, day date);
INSERT INTO job SELECT i, timestamptz '2026-09-01 00:00+00' + i * interval '1 hour', date '2026-09-01' + i FROM generate_series(1, 5) i;
-- at: 2026-09-01 02:30+00
-- stream table: ages
SELECT id, now() - at AS age, CURRENT_DATE - day AS days, age(day::timestamp) AS calendar FROM job WHERE at <= now();
-- stream table: stamp
SELECT now() AS as_of, LOCALTIMESTAMP(1) AS local, CURRENT_TIME AS of_day, count(*) AS n FROM job;
-- stream table: series
SELECT d.* FROM generate_series(date_trunc('day', now()) - interval '2 days', now(), interval '1 day') AS d (day);
-- round: time alone
-- at: 2026-09-01 03:30:00.25+00
-- round: time and changes
UPDATE job SET at = at + interval '1 day';
-- at: 2026-09-02 02:30+00

-- case: a stream table over a temporal one follows what enters and leaves it
CREATE TABLE click (id int PRIMARY KEY, page int, at timestamptz);
INSERT INTO click SELECT i, i % 5, timestamptz '2026-02-01 00:00+00' + i * interval '30 minutes' FROM generate_series(1, 100) i;
-- at: 2026-02-02 00:00+00
-- stream table: day_clicks
SELECT id, page, at FROM click WHERE at > now() - interval '1 day' AND at <= now();
-- stream table: day_pages
SELECT page, count(*) AS n FROM day_clicks GROUP BY page;
-- stream table: hour_pages
SELECT page, count(*) AS n FROM day_clicks WHERE at > now() - interval '1 hour' GROUP BY page;
-- round: an hour
-- at: 2026-02-02 01:00+00
-- round: half a day with deletes
DELETE FROM click WHERE page = 2;
-- at: 2026-02-02 13:00+00

-- case: times spelled as words are read at every refresh
-- mode: FULL
CREATE TABLE due (id int, day date, at timestamp);
INSERT INTO due SELECT i, (date '2020-01-01' + i * 500), timestamp '2020-01-01' + i * interval '500 days' FROM generate_series(1, 20) i;
-- stream table: spelled
SELECT id FROM due WHERE day < 'tomorrow'::text::date OR at > ('now'::text)::timestamp;
-- round
INSERT INTO due VALUES (100, '2021-01-01', NULL), (101, NULL, '9000-01-01');

-- case: times that were constants when the query was typed stay what they were
CREATE TABLE due (id int, day date);
INSERT INTO due SELECT i, date '2020-01-01' + i * 500 FROM generate_series(1, 20) i;
-- stream table: constant
SELECT id FROM due WHERE day > 'yesterday'::date OR day < timestamp 'epoch';
-- round
INSERT INTO due VALUES (100, '9000-01-01'), (101, '1960-01-01');
