-- Small tables over which the queries beside this file are followed: nullable, full of duplicates, and few rows
-- enough that each round changes most results. Floating point values are sums of powers of two, so that their sums do
-- not depend on an order.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (x int, y text);
CREATE TYPE nested AS (p pair, n numeric);
CREATE DOMAIN short AS varchar(10);
CREATE TABLE emp (
    id int PRIMARY KEY, dept int, boss int, name text, pay numeric(8, 2), hired date, grade mood, ok boolean);
CREATE TABLE dept (dept int, name text, budget int);
CREATE TABLE vals (
    id int PRIMARY KEY, g int, h int, i2 smallint, i4 int, i8 bigint, num numeric, fix numeric(6, 2), f4 real, f8 float8,
    b boolean, bits bit(4), iv interval, m money, ip inet, t text, raw bytea);
CREATE TABLE doc (
    id int PRIMARY KEY, k int, tz timestamptz, ts timestamp, d date, tm time, tags text[], ints int[], body jsonb,
    old json, span int4range, days daterange, spans int4multirange, p pair, u uuid, s short);
CREATE TABLE x (a int, b int);
CREATE TABLE y (a int, b int);
CREATE TABLE edge (src int, dst int);
CREATE TABLE wide (id int PRIMARY KEY, p pair, q pair, r nested, ps pair[]);

CREATE FUNCTION seed(first int, last int) RETURNS void LANGUAGE sql AS $$
INSERT INTO emp SELECT i, nullif(i % 4, 3), nullif(i / 3, 0), (ARRAY['ann', 'bob', 'cy', NULL, 'dee'])[1 + i % 5],
    (i % 6) * 100.5, date '2024-01-30' + (i % 5) * 17, (ARRAY['sad', 'ok', 'happy', NULL])[1 + i % 4]::mood,
    (ARRAY[true, false, NULL])[1 + i % 3] FROM generate_series(first, last) i;
INSERT INTO dept SELECT nullif(i % 5, 4), (ARRAY['ops', 'dev', NULL])[1 + i % 3], i % 3 * 100
    FROM generate_series(first, last) i WHERE i % 2 = 0;
INSERT INTO vals SELECT i, nullif(i % 4, 3), i % 3, i % 5 - 2, i % 7 - 3, (i % 3)::bigint * 4000000000,
    (ARRAY[1, 2.50, 0.001, NULL, -3])[1 + i % 5], (i % 4) / 4.0, (ARRAY[0.5, -0.25, NULL])[1 + i % 3],
    (ARRAY[1.5, -2, 0.125, NULL])[1 + i % 4], (ARRAY[true, false, NULL])[1 + i % 3], (i % 16)::bit(4),
    i % 3 * interval '1 day 2 hours', (i % 4)::text::money, ('10.0.' || i % 2 || '.' || i % 3)::inet,
    (ARRAY['a', 'b', '', NULL, 'Ab'])[1 + i % 5], decode(lpad(to_hex(i % 5), 2, '0'), 'hex')
    FROM generate_series(first, last) i;
INSERT INTO doc SELECT i, nullif(i % 3, 2), timestamptz '2024-03-30 22:00+00' + i * interval '5 hours',
    timestamp '2024-02-28 12:30' + i * interval '7 hours', date '2023-12-30' + i % 6, time '09:00' + i % 4 * interval '50 min',
    CASE WHEN i % 4 < 3 THEN ARRAY['t' || i % 2, 'u', NULL] END, ARRAY[i % 3, i % 2],
    CASE i % 4 WHEN 0 THEN '{"a": 1, "l": [1, 2, {"z": null}]}' WHEN 1 THEN jsonb_build_object('a', i % 5, 'b', 'q')
        WHEN 2 THEN '[3, "x"]' END::jsonb,
    json_build_object('k', i % 3), int4range(i % 4, i % 4 + i % 3), daterange('2024-01-01', date '2024-01-02' + i % 3),
    int4multirange(int4range(i % 4, i % 4 + 2), int4range(8, 9)), CASE WHEN i % 5 < 4 THEN ROW(nullif(i % 3, 2), 'p' || i % 2)::pair END,
    ('00000000-0000-0000-0000-00000000000' || i % 3)::uuid, 's' || i % 3 FROM generate_series(first, last) i;
INSERT INTO x SELECT nullif(i % 4, 3), i % 3 FROM generate_series(first, last) i;
INSERT INTO y SELECT nullif(i % 5, 4), nullif(i % 2, 1) FROM generate_series(first, last) i WHERE i % 3 > 0;
INSERT INTO edge SELECT i % 6, (i * 2) % 7 FROM generate_series(first, last) i WHERE i % 2 = 1;
INSERT INTO wide SELECT i, ROW(nullif(i % 3, 2), 'y' || i % 2)::pair,
    CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN ROW(NULL, NULL)::pair ELSE ROW(i % 2, NULL)::pair END,
    ROW(ROW(i % 2, 'n')::pair, i % 3)::nested, ARRAY[ROW(i % 2, 'e')::pair, NULL] FROM generate_series(first, last) i;
$$;
SELECT seed(1, 12);
