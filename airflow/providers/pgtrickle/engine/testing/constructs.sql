-- What becomes of each construct of SQL in a defining query. docs/sql.md is written from this file by
-- tools/constructs.py, and a test compiles every example: a row that no longer tells the truth fails it.
--
-- A line `-- construct: title | outcome | why` stands before its example; the outcome is one of
--   deltas        the change, the rows of other inputs that match it, and stored state are read
--   touched keys  all rows of the groups or partitions that the change touches are read again as well
--   recompute     the query is evaluated and the difference applied (refused in DIFFERENTIAL mode)
--   refused       no stream table can hold it

-- section: Selecting
-- construct: expressions, casts, CASE, functions that are IMMUTABLE | deltas | computed row by row
SELECT id, upper(note) AS note, CASE WHEN amount > 10 THEN 'big' ELSE 'small' END AS size FROM orders
-- construct: WHERE | deltas | decided row by row
SELECT * FROM orders WHERE amount > 10 AND note IS NOT NULL
-- construct: functions of PostgreSQL that are STABLE by settings alone | deltas | the settings of the definition are pinned in refreshes
SELECT id, to_char(placed, 'YYYY-MM-DD') AS day FROM orders
-- construct: arrays, jsonb, ranges, composite values in expressions | deltas | computed row by row
SELECT id, tags[1] AS tag, data ->> 'k' AS k, int4range(0, qty) AS span, ROW(id, note)::pair AS both FROM orders
-- construct: json, xml, geometric types as columns | deltas | compared as text, for want of an equality
SELECT id, data::json AS data FROM orders
-- construct: whole-row references | deltas | the row is made where it stands; a changed column list rebuilds the stream table
SELECT o.id, to_jsonb(c) AS customer FROM orders o LEFT JOIN customers c ON c.id = o.customer
-- construct: whole-row references to a function | recompute | the type of its row is not known
SELECT o.id, to_jsonb(t) AS tag FROM orders o, unnest(o.tags) WITH ORDINALITY t(tag, n)
-- construct: set-returning functions in the select list, several in lockstep | deltas | a function of each row
SELECT id, unnest(tags) AS tag, generate_series(1, qty) AS n FROM orders
-- construct: SELECT without FROM, VALUES | deltas | never changes
VALUES (1, 'a'), (2, 'b')

-- section: FROM
-- construct: inner join, cross join, comma | deltas | one term for each changed input, looked up by the joined keys
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer
-- construct: join on an inequality | deltas | the other input is read as a whole
SELECT o.id, p.amount FROM orders o JOIN payments p ON p.amount > o.amount
-- construct: self-join | deltas | each occurrence is an input of its own
SELECT a.id, b.id AS other FROM orders a JOIN orders b ON b.customer = a.customer AND a.id < b.id
-- construct: NATURAL JOIN, USING, merged columns | deltas | equality of the merged columns
SELECT id, o.amount, p.amount AS paid FROM orders o JOIN payments p USING (id)
-- construct: LEFT and RIGHT JOIN | deltas | inner join plus padded anti join
SELECT c.name, o.amount FROM customers c LEFT JOIN orders o ON o.customer = c.id
-- construct: FULL JOIN | deltas | inner join plus both padded anti joins
SELECT c.name, o.amount FROM customers c FULL JOIN orders o ON o.customer = c.id
-- construct: subquery in FROM | deltas | melted into the query around it
SELECT z.id FROM (SELECT id, amount * 2 AS twice FROM orders) z WHERE z.twice > 10
-- construct: WITH, MATERIALIZED or not, read once or more | deltas | computed once for all readers
WITH big AS (SELECT * FROM orders WHERE amount > 10) SELECT a.id, b.id AS other FROM big a JOIN big b USING (customer)
-- construct: functions in FROM, unnest, generate_series, WITH ORDINALITY | deltas | a function of each row
SELECT o.id, t.tag, t.n FROM orders o, unnest(o.tags) WITH ORDINALITY t(tag, n)
-- construct: jsonb_each and other functions that return records | deltas | a function of each row
SELECT o.id, e.key, e.value FROM orders o, jsonb_each_text(o.data) e
-- construct: ROWS FROM, WITH ORDINALITY, column definition lists | deltas | a function of each row
SELECT o.id, t.tag, t.g FROM orders o, ROWS FROM (unnest(o.tags), generate_series(1, o.qty)) WITH ORDINALITY t(tag, g, n)
-- construct: LATERAL over VALUES and functions alone | deltas | a function of each row
SELECT o.id, v.k FROM orders o, LATERAL (VALUES (o.qty), (o.customer)) v(k)
-- construct: LATERAL over tables: SELECT, JOIN, WHERE | deltas | a join with what it reads of the row
SELECT c.id, l.amount FROM customers c LEFT JOIN LATERAL (SELECT amount FROM orders o WHERE o.amount > c.credit) l ON true
-- construct: LATERAL over tables: aggregates, DISTINCT, set operations | touched keys | the touched outer rows
SELECT c.id, l.top FROM customers c, LATERAL (SELECT max(amount) AS top FROM orders o WHERE o.customer = c.id) l
-- construct: LATERAL with ORDER BY and LIMIT | touched keys | numbered by a window for each outer row
SELECT c.id, l.id AS o FROM customers c, LATERAL (SELECT id FROM orders o WHERE o.customer = c.id ORDER BY amount LIMIT 3) l
-- construct: a subquery in a join condition | touched keys | as in WHERE; a left join looks it up for each row
SELECT o.id FROM orders o LEFT JOIN payments p ON p.id = o.id AND p.amount = (SELECT max(amount) FROM payments)
-- construct: TABLESAMPLE | refused | its answer changes by itself
SELECT id FROM orders TABLESAMPLE BERNOULLI (50)
-- construct: ONLY | recompute | descendants are captured with their parent
SELECT id FROM ONLY orders

-- section: Subqueries
-- construct: EXISTS, NOT EXISTS, correlated by anything | deltas | semi and anti join: matches before and after are counted
SELECT id FROM customers c WHERE NOT EXISTS (SELECT FROM orders o WHERE o.customer = c.id AND o.amount > c.credit)
-- construct: IN, NOT IN, several columns, NULL as SQL has it | deltas | semi and anti join
SELECT id FROM orders WHERE (id, amount) NOT IN (SELECT id, amount FROM payments)
-- construct: ANY and ALL with any comparison | deltas | semi and anti join
SELECT id FROM orders WHERE amount >= ALL (SELECT amount FROM payments WHERE amount IS NOT NULL)
-- construct: EXISTS and IN under OR, NOT, CASE, as values | touched keys | matches are counted in a joined group
SELECT id, EXISTS (SELECT FROM payments p WHERE p.id = o.id) OR amount = 0 AS settled FROM orders o
-- construct: scalar subquery | touched keys | a joined one-row relation; no row is NULL
SELECT id, amount - (SELECT avg(amount) FROM orders) AS above FROM orders
-- construct: scalar subquery correlated by equality | touched keys | joined groups; a missing group is no row
SELECT c.id, (SELECT sum(o.amount) FROM orders o WHERE o.customer = c.id) AS total FROM customers c
-- construct: scalar subquery correlated by anything, over several levels | touched keys | over what it reads of the outer row
SELECT o.id, (SELECT count(*) FROM orders b WHERE b.amount > o.amount) AS better FROM orders o
-- construct: scalar subquery that is no aggregate | deltas | a left join; a second row is PostgreSQL's error 21000
SELECT o.id, (SELECT c.name FROM customers c WHERE c.id = o.customer) AS name FROM orders o
-- construct: ARRAY(subquery) | touched keys | an aggregate in the subquery's order
SELECT c.id, ARRAY(SELECT o.id FROM orders o WHERE o.customer = c.id ORDER BY o.id) AS ids FROM customers c

-- section: Grouping
-- construct: GROUP BY with count, regr_count | deltas | by addition
SELECT customer, count(*) AS n, count(note) AS notes FROM orders GROUP BY customer
-- construct: sum and avg of integers and of numerics of known scale | deltas | by addition, with the digits that PostgreSQL shows
SELECT customer, sum(qty) AS q, avg(amount) AS a FROM orders GROUP BY customer
-- construct: var_pop, var_samp, stddev_pop, stddev_samp of the same | deltas | by addition of squares, with PostgreSQL's digits
SELECT customer, stddev(qty) AS s, var_pop(amount) AS v FROM orders GROUP BY customer
-- construct: bool_and, every, bool_or, bit_xor of integers | deltas | by addition
SELECT customer, bool_and(paid) AS every_one, bit_xor(qty) AS parity FROM orders GROUP BY customer
-- construct: min and max | deltas | the better value wins; the group is read again where the extremum leaves
SELECT customer, min(placed) AS first, max(amount) AS largest FROM orders GROUP BY customer
-- construct: FILTER | deltas | as the aggregate it stands with
SELECT customer, sum(qty) FILTER (WHERE paid) AS q FROM orders GROUP BY customer
-- construct: aggregates of floating point numbers | touched keys | their value depends on the rows that were ever there
SELECT customer, sum(price) AS p FROM orders GROUP BY customer
-- construct: sum and avg of numerics without a scale | touched keys | the digits depend on the rows that were ever there
SELECT customer, sum(free) AS f FROM orders GROUP BY customer
-- construct: aggregates with DISTINCT | touched keys | the group is read again
SELECT customer, count(DISTINCT note) AS notes FROM orders GROUP BY customer
-- construct: array_agg, string_agg, json aggregates, ORDER BY within | touched keys | the group is read again
SELECT customer, string_agg(note, ', ' ORDER BY id) AS notes FROM orders GROUP BY customer
-- construct: bit_and, bit_or, sum of money and interval, range_agg and the rest | touched keys | the group is read again
SELECT customer, bit_and(qty) AS b, sum(age(placed, placed)) AS s FROM orders GROUP BY customer
-- construct: ordered-set and hypothetical-set aggregates | touched keys | the group is read again
SELECT customer, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS median FROM orders GROUP BY customer
-- construct: user-defined aggregates, VARIADIC | touched keys | the group is read again
SELECT customer, product(qty) AS p FROM orders GROUP BY customer
-- construct: aggregates without GROUP BY | deltas | one row for ever, also over nothing
SELECT count(*) AS n, sum(amount) AS total FROM orders
-- construct: HAVING | deltas | the view over storage filters the groups
SELECT customer FROM orders GROUP BY customer HAVING sum(qty) > 10
-- construct: GROUP BY of an expression, of a primary key | deltas | grouped by its value
SELECT date_trunc('day', placed AT TIME ZONE 'UTC') AS day, count(*) AS n FROM orders GROUP BY 1
-- construct: GROUP BY below something else | touched keys | the touched groups after the change, less those before
SELECT c.name, z.total FROM customers c JOIN (SELECT customer, sum(amount) AS total FROM orders GROUP BY customer) z ON z.customer = c.id
-- construct: ROLLUP, CUBE, GROUPING SETS, GROUPING() | touched keys | a row for each set, up to 64 of them
SELECT customer, paid, grouping(customer, paid) AS level, count(*) AS n FROM orders GROUP BY CUBE (customer, paid)
-- construct: more than 64 grouping sets | recompute | the expansion would multiply every change
SELECT id, customer, qty, note, paid, amount, price, count(*) AS n FROM orders GROUP BY CUBE (id, customer, qty, note, paid, amount, price)
-- construct: a group key or an aggregate of the type record | recompute | a table has no column of that type
SELECT count(*) AS n FROM orders GROUP BY ROW(customer, note)

-- section: DISTINCT and set operations
-- construct: DISTINCT | deltas | a count for each distinct row
SELECT DISTINCT customer, paid FROM orders
-- construct: DISTINCT ON | touched keys | the first row of each touched key
SELECT DISTINCT ON (customer) customer, id FROM orders ORDER BY customer, placed DESC, id
-- construct: UNION ALL | deltas | linear
SELECT id, amount FROM orders UNION ALL SELECT id, amount FROM payments
-- construct: UNION | deltas | a count for each distinct row
SELECT id FROM orders UNION SELECT id FROM payments
-- construct: INTERSECT, EXCEPT | deltas | a count for either side of each distinct row
SELECT id FROM orders EXCEPT SELECT id FROM payments
-- construct: INTERSECT ALL, EXCEPT ALL | touched keys | the counts of the touched rows before and after
SELECT id FROM orders INTERSECT ALL SELECT id FROM payments

-- section: Windows, order, limits
-- construct: window functions of all kinds, frames with EXCLUDE, named windows | touched keys | touched partitions are computed again
SELECT id, sum(amount) OVER (PARTITION BY customer ORDER BY id ROWS 2 PRECEDING EXCLUDE TIES) AS s FROM orders
-- construct: windows without PARTITION BY | touched keys | the one partition is the whole input
SELECT id, rank() OVER (ORDER BY amount, id) AS r FROM orders
-- construct: windows over groups | touched keys | both laws, one over the other
SELECT customer, rank() OVER (ORDER BY sum(amount), customer) AS r FROM orders GROUP BY customer
-- construct: ORDER BY | deltas | a stream table has no order; read it with one
SELECT id, amount FROM orders ORDER BY amount
-- construct: ORDER BY with LIMIT, OFFSET, FETCH, WITH TIES at the top | deltas | storage holds all rows, the view over it cuts
SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 10
-- construct: LIMIT in a subquery | touched keys | numbered by a window over the whole subquery
SELECT z.id FROM (SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 10) z WHERE z.amount > 5

-- section: Recursion
-- construct: WITH RECURSIVE, UNION | deltas | delete and rederive over the stored result
WITH RECURSIVE r(n) AS (SELECT dst FROM edges WHERE src = 1 UNION SELECT e.dst FROM edges e JOIN r ON e.src = r.n) SELECT n FROM r
-- construct: WITH RECURSIVE, UNION ALL | deltas | derivations that went and came, recursively
WITH RECURSIVE r(n, depth) AS (SELECT 1, 0 UNION ALL SELECT e.dst, r.depth + 1 FROM edges e JOIN r ON e.src = r.n) SELECT n, depth FROM r
-- construct: WITH RECURSIVE whose arm joins it with itself, groups it or numbers it | touched keys | the recursion is evaluated again
WITH RECURSIVE r AS (SELECT src, dst FROM edges UNION (WITH w AS (SELECT * FROM r) SELECT a.src, b.dst FROM w a JOIN w b ON a.dst = b.src)) SELECT src, dst FROM r
-- construct: CYCLE, and SEARCH | deltas | the path is kept as text; the order that SEARCH sets is not kept
WITH RECURSIVE r(n) AS (SELECT dst FROM edges WHERE src = 1 UNION ALL SELECT e.dst FROM edges e JOIN r ON e.src = r.n) SEARCH DEPTH FIRST BY n SET o CYCLE n SET again USING path SELECT n, again FROM r
-- construct: the path of CYCLE, the order of SEARCH as values | recompute | carry a path of your own, path || id
WITH RECURSIVE r(n) AS (SELECT dst FROM edges WHERE src = 1 UNION ALL SELECT e.dst FROM edges e JOIN r ON e.src = r.n) CYCLE n SET again USING path SELECT n, path::text AS p FROM r
-- construct: WITH RECURSIVE of which nothing is recursive | deltas | the same as WITH
WITH RECURSIVE z AS (SELECT id FROM orders) SELECT id FROM z

-- section: Time and session
-- construct: conditions on now(), CURRENT_DATE and the like | deltas | rows enter and leave as time passes, found by a range of the column
SELECT id FROM orders WHERE placed > now() - interval '7 days'
-- construct: such conditions in FILTER, CASE, HAVING, ON, EXISTS | deltas | as above, each where it stands
SELECT customer, count(*) FILTER (WHERE placed > now() - interval '7 days') AS n FROM orders GROUP BY customer
-- construct: values made from the current time | recompute | another value at every refresh
SELECT id, now() - placed AS age FROM orders
-- construct: current_user, current_setting() and other functions of the session | recompute | the answer depends on who asks
SELECT id FROM orders WHERE note = current_user
-- construct: functions of users that are STABLE | recompute | they may read anything
SELECT id, looks_up(qty) AS l FROM orders
-- construct: VOLATILE functions | refused | the stored answer would be worth nothing
SELECT id, random() AS r FROM orders
-- construct: FOR UPDATE, FOR SHARE | refused | no meaning for a stored result
SELECT id FROM orders FOR UPDATE
-- construct: INSERT, UPDATE, DELETE, MERGE in WITH | refused | a query is evaluated at every refresh
WITH z AS (DELETE FROM payments RETURNING id) SELECT id FROM z

-- section: Sources
-- construct: tables with and without a key, with duplicates and NULL | deltas | a change is a row with a weight
SELECT * FROM payments
-- construct: partitioned tables | deltas | captured at the root and at every partition
SELECT * FROM events
-- construct: unlogged tables | deltas | captured like any other; read anew after a crash
SELECT * FROM clicks
-- construct: views to any depth | deltas | inlined
SELECT * FROM big_orders WHERE id > 1
-- construct: materialised views | recompute | their changes cannot be captured
SELECT * FROM stored_orders
-- construct: temporary tables | refused | only one session sees them
SELECT * FROM scratch
-- construct: relations of the system | refused | their changes cannot be captured
SELECT relname FROM pg_class
