-- The relations that the examples of constructs.sql read.
CREATE TYPE pair AS (x int, y text);
CREATE TABLE customers (id int PRIMARY KEY, name text, credit numeric(10, 2));
CREATE TABLE orders (
    id int PRIMARY KEY, customer int, amount numeric(10, 2), qty int, price float8, free numeric, placed timestamptz,
    note text, paid boolean, tags text[], data jsonb);
CREATE TABLE payments (id int, amount numeric(10, 2));
CREATE TABLE edges (src int, dst int);
CREATE TABLE events (at date, kind int) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE UNLOGGED TABLE clicks (at timestamptz, page text);
CREATE VIEW big_orders AS SELECT * FROM orders WHERE amount > 10;
CREATE MATERIALIZED VIEW stored_orders AS SELECT id FROM orders;
CREATE TEMP TABLE scratch (id int);
CREATE AGGREGATE product (int) (SFUNC = int4mul, STYPE = int, INITCOND = '1');
CREATE FUNCTION looks_up(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT count(*)::int FROM payments WHERE id = $1';
