-- A batch of everyday changes, another one at each call: inserts, updates and deletes of orders, their lines,
-- customers and suppliers, in one transaction. About 0.1 percent of the rows at scale factor 0.1.
CREATE TEMPORARY TABLE picked ON COMMIT DROP AS
SELECT o_orderkey, row_number() OVER (ORDER BY random()) AS number
FROM tpch.orders
ORDER BY number
LIMIT 450;

-- 10 new customers, who place orders at once
INSERT INTO tpch.customer
SELECT top.key + row_number() OVER (), 'Customer#' || top.key + row_number() OVER (), c_address, c_nationkey, c_phone,
    c_acctbal, c_mktsegment, c_comment
FROM (SELECT * FROM tpch.customer ORDER BY random() LIMIT 10) AS model
CROSS JOIN (SELECT max(c_custkey) AS key FROM tpch.customer) AS top;

-- 150 new orders with the lines of older ones
CREATE TEMPORARY TABLE copied ON COMMIT DROP AS
SELECT o_orderkey AS old_key, top.key + 8 * number AS new_key
FROM picked
CROSS JOIN (SELECT max(o_orderkey) AS key FROM tpch.orders) AS top
WHERE number <= 150;

INSERT INTO tpch.orders
SELECT new_key, CASE WHEN new_key % 16 = 0 THEN newest.key - (new_key / 8 % 10)::int ELSE o_custkey END, 'O',
    round(o_totalprice * (0.5 + random())::numeric, 2), current_date, o_orderpriority, o_clerk, o_shippriority,
    o_comment
FROM copied
JOIN tpch.orders ON o_orderkey = old_key
CROSS JOIN (SELECT max(c_custkey) AS key FROM tpch.customer) AS newest;

INSERT INTO tpch.lineitem
SELECT new_key, l_partkey, l_suppkey, l_linenumber, l_quantity, round(l_extendedprice * (0.5 + random())::numeric, 2),
    l_discount, l_tax, l_returnflag, l_linestatus, l_shipdate, l_commitdate, l_receiptdate, l_shipinstruct,
    l_shipmode, l_comment
FROM copied
JOIN tpch.lineitem ON l_orderkey = old_key;

-- 150 orders change: urgency, price, and the discount of their lines
UPDATE tpch.orders
SET o_orderpriority = CASE o_orderpriority WHEN '1-URGENT' THEN '3-MEDIUM' ELSE '1-URGENT' END,
    o_totalprice = o_totalprice + 100
FROM picked
WHERE orders.o_orderkey = picked.o_orderkey AND number BETWEEN 151 AND 300;

UPDATE tpch.lineitem
SET l_discount = (l_linenumber % 10) / 100.0, l_quantity = l_quantity + 1
FROM picked
WHERE l_orderkey = o_orderkey AND number BETWEEN 151 AND 300;

-- 150 orders are taken back
DELETE FROM tpch.lineitem USING picked WHERE l_orderkey = o_orderkey AND number > 300;
DELETE FROM tpch.orders USING picked WHERE orders.o_orderkey = picked.o_orderkey AND number > 300;

-- customers move between segments and nations; some who never ordered go
UPDATE tpch.customer
SET c_mktsegment = (ARRAY['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY'])[1 + c_custkey % 5],
    c_nationkey = (c_nationkey + 1) % 25
WHERE c_custkey IN (SELECT c_custkey FROM tpch.customer ORDER BY random() LIMIT 20);

DELETE FROM tpch.customer
WHERE c_custkey IN (
    SELECT c_custkey FROM tpch.customer
    WHERE NOT EXISTS (SELECT FROM tpch.orders WHERE o_custkey = c_custkey)
    ORDER BY random() LIMIT 5
);

-- a new supplier takes over the lines of one who leaves; two move to another nation
CREATE TEMPORARY TABLE leaving ON COMMIT DROP AS
SELECT supplier.*, top.key + 1 AS successor
FROM tpch.supplier
CROSS JOIN (SELECT max(s_suppkey) AS key FROM tpch.supplier) AS top
ORDER BY random()
LIMIT 1;

INSERT INTO tpch.supplier
SELECT successor, 'Supplier#' || successor, s_address, (s_nationkey + 1) % 25, s_phone, s_acctbal, s_comment
FROM leaving;

UPDATE tpch.lineitem SET l_suppkey = successor FROM leaving WHERE l_suppkey = s_suppkey;
DELETE FROM tpch.supplier USING leaving WHERE supplier.s_suppkey = leaving.s_suppkey;

UPDATE tpch.supplier SET s_nationkey = (s_nationkey + 1) % 25
WHERE s_suppkey IN (SELECT s_suppkey FROM tpch.supplier ORDER BY random() LIMIT 2);
