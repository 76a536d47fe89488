-- One round of changes to all eight tables: of each table the share tpch.share of its rows, at least one, is inserted,
-- updated (join columns and keys among them) or deleted, whether or not the rows that it joins stay.
-- tpch.round numbers the rounds, from 1 on.

-- region and nation: those of the generator keep their names, new ones come, are renamed, and go again.
DELETE FROM tpch.region WHERE r_regionkey = 98 + current_setting('tpch.round')::int;
UPDATE tpch.region SET r_name = 'RENAMED ' || r_regionkey
WHERE r_regionkey = 99 + current_setting('tpch.round')::int;
UPDATE tpch.region SET r_comment = 'round ' || current_setting('tpch.round')
WHERE r_regionkey = current_setting('tpch.round')::int % 5;
INSERT INTO tpch.region
SELECT 100 + current_setting('tpch.round')::int, 'NEW ' || current_setting('tpch.round'), 'new';

DELETE FROM tpch.nation WHERE n_nationkey = 98 + current_setting('tpch.round')::int;
UPDATE tpch.nation SET n_name = 'RENAMED ' || n_nationkey, n_regionkey = n_nationkey % 5
WHERE n_nationkey = 99 + current_setting('tpch.round')::int;
UPDATE tpch.nation SET n_comment = 'round ' || current_setting('tpch.round')
WHERE n_nationkey = current_setting('tpch.round')::int % 25;
INSERT INTO tpch.nation
SELECT 100 + current_setting('tpch.round')::int, 'NEW ' || current_setting('tpch.round'),
    100 + current_setting('tpch.round')::int, 'new';

-- part: a new part is like an old one
CREATE TEMPORARY TABLE picked_part ON COMMIT DROP AS
SELECT p_partkey, row_number() OVER (ORDER BY random()) AS number
FROM tpch.part
ORDER BY number
LIMIT (SELECT greatest(4, ceil(current_setting('tpch.share')::float8 * count(*))) FROM tpch.part);

INSERT INTO tpch.part
SELECT top.key + number, p_name, p_mfgr, p_brand, p_type, p_size, p_container, p_retailprice, p_comment
FROM picked_part
JOIN tpch.part USING (p_partkey)
CROSS JOIN (SELECT max(p_partkey) AS key FROM tpch.part) AS top
WHERE number % 4 = 0;

UPDATE tpch.part
SET p_size = 1 + p_size % 50, p_brand = 'Brand#' || 1 + p_part.p_partkey % 5 || 1 + p_part.p_partkey % 3,
    p_container = (ARRAY['SM CASE', 'MED BOX', 'LG PKG', 'JUMBO JAR'])[1 + p_part.p_partkey % 4],
    p_type = (ARRAY['PROMO', 'ECONOMY'])[1 + p_part.p_partkey % 2] || ' ANODIZED '
        || (ARRAY['STEEL', 'BRASS'])[1 + p_part.p_partkey % 2]
FROM picked_part AS p_part
WHERE part.p_partkey = p_part.p_partkey AND number % 4 IN (1, 2);

DELETE FROM tpch.part USING picked_part AS p_part WHERE part.p_partkey = p_part.p_partkey AND number % 4 = 3;

-- supplier: one who comes takes over some lines of one who goes, whose other lines stay without a supplier
CREATE TEMPORARY TABLE picked_supplier ON COMMIT DROP AS
SELECT s_suppkey, row_number() OVER (ORDER BY random()) AS number
FROM tpch.supplier
ORDER BY number
LIMIT (SELECT greatest(3, ceil(current_setting('tpch.share')::float8 * count(*))) FROM tpch.supplier);

INSERT INTO tpch.supplier
SELECT top.key + number, 'Supplier#' || top.key + number, s_address, s_nationkey, s_phone, s_acctbal, s_comment
FROM picked_supplier
JOIN tpch.supplier USING (s_suppkey)
CROSS JOIN (SELECT max(s_suppkey) AS key FROM tpch.supplier) AS top
WHERE number % 3 = 0;

UPDATE tpch.supplier
SET s_nationkey = (s_nationkey + 1) % 25, s_acctbal = s_acctbal + 1,
    s_comment = CASE WHEN number % 2 = 0 THEN 'Customer Complaints' ELSE s_comment END
FROM picked_supplier
WHERE supplier.s_suppkey = picked_supplier.s_suppkey AND number % 3 = 1;

DELETE FROM tpch.supplier USING picked_supplier
WHERE supplier.s_suppkey = picked_supplier.s_suppkey AND number % 3 = 2;

-- partsupp: updates change both halves of the key in turn
CREATE TEMPORARY TABLE picked_partsupp ON COMMIT DROP AS
SELECT ps_partkey, ps_suppkey, row_number() OVER (ORDER BY random()) AS number
FROM tpch.partsupp
ORDER BY number
LIMIT (SELECT greatest(4, ceil(current_setting('tpch.share')::float8 * count(*))) FROM tpch.partsupp);

DELETE FROM tpch.partsupp USING picked_partsupp AS p
WHERE partsupp.ps_partkey = p.ps_partkey AND partsupp.ps_suppkey = p.ps_suppkey AND number % 4 = 3;

UPDATE tpch.partsupp
SET ps_availqty = 1 + (ps_availqty * 7) % 9999, ps_supplycost = round(ps_supplycost * (0.5 + random())::numeric, 2)
FROM picked_partsupp AS p
WHERE partsupp.ps_partkey = p.ps_partkey AND partsupp.ps_suppkey = p.ps_suppkey AND number % 4 = 1;

UPDATE tpch.partsupp
SET ps_suppkey = top.key + number
FROM picked_partsupp AS p
CROSS JOIN (SELECT max(greatest(ps_suppkey, s_suppkey)) AS key FROM tpch.partsupp, tpch.supplier
    WHERE s_suppkey = (SELECT max(s_suppkey) FROM tpch.supplier)) AS top
WHERE partsupp.ps_partkey = p.ps_partkey AND partsupp.ps_suppkey = p.ps_suppkey AND number % 4 = 2;

INSERT INTO tpch.partsupp
SELECT p_partkey, s_suppkey, 100 + number * 10, 50 + number, 'new'
FROM (
    SELECT p_partkey, row_number() OVER (ORDER BY p_partkey DESC) AS number
    FROM tpch.part
    ORDER BY p_partkey DESC
    LIMIT (SELECT greatest(1, count(*) / 4) FROM picked_partsupp)
) AS newest
CROSS JOIN LATERAL (SELECT s_suppkey FROM tpch.supplier ORDER BY s_suppkey OFFSET number % 7 LIMIT 1) AS s
ON CONFLICT DO NOTHING;

-- customer: a customer who goes leaves orders behind
CREATE TEMPORARY TABLE picked_customer ON COMMIT DROP AS
SELECT c_custkey, row_number() OVER (ORDER BY random()) AS number
FROM tpch.customer
ORDER BY number
LIMIT (SELECT greatest(4, ceil(current_setting('tpch.share')::float8 * count(*))) FROM tpch.customer);

INSERT INTO tpch.customer
SELECT top.key + number, 'Customer#' || top.key + number, c_address, c_nationkey, c_phone, c_acctbal, c_mktsegment,
    c_comment
FROM picked_customer
JOIN tpch.customer USING (c_custkey)
CROSS JOIN (SELECT max(c_custkey) AS key FROM tpch.customer) AS top
WHERE number % 4 = 0;

UPDATE tpch.customer
SET c_nationkey = (c_nationkey + 1) % 25, c_phone = (ARRAY['13', '31', '23', '29'])[1 + number % 4] || substr(c_phone, 3),
    c_acctbal = c_acctbal + 1000,
    c_mktsegment = (ARRAY['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY'])[1 + number % 5]
FROM picked_customer AS p
WHERE customer.c_custkey = p.c_custkey AND number % 4 = 1;

-- a customer under a new number, under which some orders are already
UPDATE tpch.customer
SET c_custkey = top.key + number
FROM picked_customer AS p
CROSS JOIN (SELECT max(c_custkey) AS key FROM tpch.customer) AS top
WHERE customer.c_custkey = p.c_custkey AND number % 4 = 2;

DELETE FROM tpch.customer USING picked_customer AS p WHERE customer.c_custkey = p.c_custkey AND number % 4 = 3;

-- orders and their lines
CREATE TEMPORARY TABLE picked_orders ON COMMIT DROP AS
SELECT o_orderkey, row_number() OVER (ORDER BY random()) AS number
FROM tpch.orders
ORDER BY number
LIMIT (SELECT greatest(12, ceil(current_setting('tpch.share')::float8 * count(*))) FROM tpch.orders);

CREATE TEMPORARY TABLE copied ON COMMIT DROP AS
SELECT o_orderkey AS old_key, top.key + 8 * number AS new_key
FROM picked_orders
CROSS JOIN (SELECT max(o_orderkey) AS key FROM tpch.orders) AS top
WHERE number % 3 = 0;

INSERT INTO tpch.orders
SELECT new_key, CASE WHEN new_key % 16 = 0 THEN newest.key - (new_key / 8 % 4)::int ELSE o_custkey END, o_orderstatus,
    round(o_totalprice * (0.5 + random())::numeric, 2), o_orderdate, o_orderpriority, o_clerk, o_shippriority, o_comment
FROM copied
JOIN tpch.orders ON o_orderkey = old_key
CROSS JOIN (SELECT max(c_custkey) AS key FROM tpch.customer) AS newest;

INSERT INTO tpch.lineitem
SELECT new_key, l_partkey, l_suppkey, l_linenumber, l_quantity + 1, round(l_extendedprice * (0.5 + random())::numeric, 2),
    l_discount, l_tax, l_returnflag, l_linestatus, l_shipdate, l_commitdate, l_receiptdate, l_shipinstruct, l_shipmode,
    l_comment
FROM copied
JOIN tpch.lineitem ON l_orderkey = old_key;

UPDATE tpch.orders
SET o_orderpriority = CASE o_orderpriority WHEN '1-URGENT' THEN '3-MEDIUM' ELSE '1-URGENT' END,
    o_totalprice = o_totalprice + 100, o_orderdate = o_orderdate + 30, o_custkey = o_custkey + 1,
    o_comment = CASE WHEN number % 2 = 0 THEN 'special packages, requests' ELSE o_comment END,
    o_orderkey = CASE WHEN number % 5 = 0 THEN o_orderkey - 1000000000 ELSE orders.o_orderkey END
FROM (SELECT o_orderkey AS old_key, number FROM picked_orders) AS p
WHERE orders.o_orderkey = old_key AND number % 3 = 1;

UPDATE tpch.lineitem
SET l_discount = (l_linenumber % 10) / 100.0, l_quantity = 1 + (l_quantity::int * 3) % 50,
    l_receiptdate = l_commitdate + (number % 5)::int - 2, l_returnflag = CASE WHEN number % 2 = 0 THEN 'R' ELSE 'N' END,
    l_shipmode = (ARRAY['MAIL', 'SHIP', 'AIR', 'RAIL'])[1 + number % 4], l_partkey = l_partkey + 1,
    l_suppkey = CASE WHEN number % 2 = 0 THEN newest.key ELSE l_suppkey END,
    l_orderkey = CASE WHEN number % 15 = 10 THEN o_orderkey - 1000000000 ELSE l_orderkey END
FROM picked_orders
CROSS JOIN (SELECT max(s_suppkey) AS key FROM tpch.supplier) AS newest
WHERE l_orderkey = o_orderkey AND number % 3 = 1;

-- of those taken back, some leave an order without lines, or lines without their order
DELETE FROM tpch.lineitem USING picked_orders
WHERE l_orderkey = o_orderkey AND number % 3 = 2 AND number % 10 <> 8;
DELETE FROM tpch.orders USING picked_orders AS p
WHERE orders.o_orderkey = p.o_orderkey AND number % 3 = 2 AND number % 10 <> 5
