-- Changes that the constants of the queries select, for the queries that a random change seldom meets; another half of
-- them in each round. Also two regions and two nations exchange their names, which moves whole results.
UPDATE tpch.region SET r_name = CASE r_name WHEN 'EUROPE' THEN 'AMERICA' ELSE 'EUROPE' END
WHERE r_name IN ('EUROPE', 'AMERICA') AND current_setting('tpch.round')::int % 3 = 1;

UPDATE tpch.nation SET n_name = CASE n_name WHEN 'GERMANY' THEN 'CANADA' ELSE 'GERMANY' END
WHERE n_name IN ('GERMANY', 'CANADA') AND current_setting('tpch.round')::int % 3 = 2;

UPDATE tpch.nation SET n_regionkey = (n_regionkey + 1) % 5 WHERE n_nationkey % 10 = current_setting('tpch.round')::int % 10;

-- parts: queries 2, 8, 9, 16, 17, 19, 20 in turn
UPDATE tpch.part
SET p_size = CASE p_partkey % 5 WHEN 0 THEN 15 ELSE 1 + p_partkey % 5 END,
    p_type = CASE p_partkey % 5 WHEN 0 THEN 'SMALL PLATED BRASS' WHEN 1 THEN 'ECONOMY ANODIZED STEEL' ELSE p_type END,
    p_brand = CASE p_partkey % 5 WHEN 2 THEN 'Brand#23' WHEN 3 THEN 'Brand#12' ELSE p_brand END,
    p_container = CASE p_partkey % 5 WHEN 2 THEN 'MED BOX' WHEN 3 THEN 'SM CASE' ELSE p_container END,
    p_name = CASE p_partkey % 5 WHEN 4 THEN 'forest green' ELSE p_name END
WHERE p_partkey % 40 = current_setting('tpch.round')::int;

-- lines of those parts: small ones (17), some in person (19)
UPDATE tpch.lineitem
SET l_quantity = 1 + l_orderkey % 10, l_shipmode = 'AIR', l_shipinstruct = 'DELIVER IN PERSON'
FROM tpch.part
WHERE l_partkey = p_partkey AND p_partkey % 40 = current_setting('tpch.round')::int AND l_linenumber <= 2;

-- dear orders not yet shipped (3)
UPDATE tpch.lineitem SET l_extendedprice = l_extendedprice * 10
FROM tpch.orders
WHERE l_orderkey = o_orderkey AND o_orderdate < '1995-03-15' AND l_shipdate > '1995-03-15' AND l_extendedprice < 100000
    AND o_custkey % 5 = current_setting('tpch.round')::int % 5;

-- large orders (18)
UPDATE tpch.lineitem
SET l_quantity = CASE WHEN l_quantity < 60 THEN l_quantity + 45 ELSE l_quantity - 45 END
WHERE l_orderkey IN (
    SELECT l_orderkey FROM tpch.lineitem GROUP BY l_orderkey HAVING count(*) >= 6 ORDER BY l_orderkey DESC
    OFFSET current_setting('tpch.round')::int * 3 LIMIT 6
);

-- the best supplier of a quarter (15)
UPDATE tpch.lineitem SET l_extendedprice = l_extendedprice * 40
WHERE l_shipdate BETWEEN '1996-01-01' AND '1996-03-31'
    AND l_suppkey = (SELECT s_suppkey FROM tpch.supplier ORDER BY s_suppkey OFFSET current_setting('tpch.round')::int LIMIT 1)
    AND l_extendedprice < 100000;

-- suppliers of Canada with stock of forest parts (20), and those of Saudi Arabia who keep others waiting (21)
UPDATE tpch.supplier
SET s_nationkey = (
    SELECT n_nationkey FROM tpch.nation
    WHERE n_name = CASE WHEN s_suppkey % 2 = 0 THEN 'CANADA' ELSE 'SAUDI ARABIA' END
    LIMIT 1
)
WHERE s_suppkey % 12 = current_setting('tpch.round')::int;

UPDATE tpch.partsupp SET ps_availqty = 9999 - ps_availqty
FROM tpch.part
WHERE ps_partkey = p_partkey AND p_name LIKE 'forest%' AND ps_partkey % 2 = current_setting('tpch.round')::int % 2;

-- customers without orders but with money (22)
UPDATE tpch.customer SET c_acctbal = 9999 - c_acctbal, c_phone = '13' || substr(c_phone, 3)
WHERE c_custkey % 30 = current_setting('tpch.round')::int;

DELETE FROM tpch.orders USING tpch.customer
WHERE o_custkey = c_custkey AND c_custkey % 200 = current_setting('tpch.round')::int
