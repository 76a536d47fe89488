-- case: operators: EXISTS, IN, ANY, ALL
CREATE TABLE a (id int PRIMARY KEY, k int, v int);
CREATE TABLE b (id int NOT NULL, k int, v int);
CREATE TABLE c (g text, v int, k int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 5), (3, 2, NULL), (4, NULL, 4), (5, 3, 4), (6, 3, 4), (7, NULL, NULL);
INSERT INTO b VALUES (1, 1, 2), (1, 1, 2), (2, 2, NULL), (3, NULL, 4), (4, 4, 5), (6, 3, 4);
INSERT INTO c VALUES ('x', 2, 1), ('y', 4, 2), ('x', NULL, 3);
-- stream table: ex_
select * from a where exists (select 1 from b where b.k=a.k and b.v>2);
-- stream table: nex_
select * from a where not exists (select 1 from b where b.k=a.k);
-- stream table: in_
select * from a where k in (select k from b where v>3);
-- stream table: nin_
select * from a where k not in (select k from b where v>4);
-- stream table: nin2_
select * from a where id not in (select id from b where v>4);
-- stream table: all_
select * from a where v > all (select v from b where b.k=a.k);
-- stream table: any_
select * from a where v > any (select v from b where b.k=a.k);
-- stream table: rowin_
select * from a where (k,v) in (select k,v from b);
-- stream table: rownin_
select * from a where (k,v) not in (select k,v from b where k is not null);
-- stream table: nest_
select * from a where exists (select 1 from b where b.k=a.k and b.v in (select c.v from c where c.g='x'));
-- stream table: q16_
select k, count(distinct v) from a where id not in (select id from b where v=1) group by k;
-- stream table: mv_
select a.id from a left join b on b.k=a.k where b.id is null;
-- round: matches come and go
INSERT INTO b VALUES (8, 2, 5), (9, 5, 1);
DELETE FROM b WHERE id = 6;
UPDATE a SET v = 2 WHERE id = 1;
-- round: keys move, on both sides at once
UPDATE a SET k = 2 WHERE id IN (2, 5);
UPDATE b SET k = 3, v = 3 WHERE id = 1;
UPDATE c SET g = 'y', v = 5 WHERE k = 1;
-- round: NULLs come and go
UPDATE b SET k = NULL WHERE id = 4;
UPDATE b SET v = 1 WHERE v IS NULL;
UPDATE a SET k = 5, v = 3 WHERE id = 7;
INSERT INTO a VALUES (8, NULL, 3), (9, 2, 5);
-- round: partners go together
DELETE FROM a WHERE k = 2;
DELETE FROM b WHERE k = 2;
INSERT INTO c VALUES ('z', 3, 5), ('x', 1, 5);
-- round: one side is emptied
TRUNCATE b;
-- round: and filled again
INSERT INTO b VALUES (1, 5, 3), (2, 1, 9), (3, 3, 4), (3, 3, 4), (5, NULL, NULL);
DELETE FROM c WHERE g = 'x';

-- case: operators: EXISTS and IN as values
CREATE TABLE a (id int PRIMARY KEY, k int, v int);
CREATE TABLE b (id int NOT NULL, k int, v int);
CREATE TABLE c (g text, v int, k int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 5), (3, 2, NULL), (4, NULL, 4), (5, 3, 4), (6, 3, 4), (7, NULL, NULL);
INSERT INTO b VALUES (1, 1, 2), (1, 1, 2), (2, 2, NULL), (3, NULL, 4), (4, 4, 5), (6, 3, 4);
INSERT INTO c VALUES ('x', 2, 1), ('y', 4, 2), ('x', NULL, 3);
-- stream table: exor_
select * from a where exists (select 1 from b where b.k=a.k) or v=1;
-- stream table: inor_
select id, k in (select k from b where v<2) as m from a;
-- round: matches come and go
INSERT INTO b VALUES (8, 2, 5), (9, 5, 1);
DELETE FROM b WHERE id = 6;
UPDATE a SET v = 2 WHERE id = 1;
-- round: keys move, on both sides at once
UPDATE a SET k = 2 WHERE id IN (2, 5);
UPDATE b SET k = 3, v = 3 WHERE id = 1;
UPDATE c SET g = 'y', v = 5 WHERE k = 1;
-- round: NULLs come and go
UPDATE b SET k = NULL WHERE id = 4;
UPDATE b SET v = 1 WHERE v IS NULL;
UPDATE a SET k = 5, v = 3 WHERE id = 7;
INSERT INTO a VALUES (8, NULL, 3), (9, 2, 5);
-- round: partners go together
DELETE FROM a WHERE k = 2;
DELETE FROM b WHERE k = 2;
INSERT INTO c VALUES ('z', 3, 5), ('x', 1, 5);
-- round: one side is emptied
TRUNCATE b;
-- round: and filled again
INSERT INTO b VALUES (1, 5, 3), (2, 1, 9), (3, 3, 4), (3, 3, 4), (5, NULL, NULL);
DELETE FROM c WHERE g = 'x';

-- case: operators: scalar subqueries
CREATE TABLE a (id int PRIMARY KEY, k int, v int);
CREATE TABLE b (id int NOT NULL, k int, v int);
CREATE TABLE c (g text, v int, k int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 5), (3, 2, NULL), (4, NULL, 4), (5, 3, 4), (6, 3, 4), (7, NULL, NULL);
INSERT INTO b VALUES (1, 1, 2), (1, 1, 2), (2, 2, NULL), (3, NULL, 4), (4, 4, 5), (6, 3, 4);
INSERT INTO c VALUES ('x', 2, 1), ('y', 4, 2), ('x', NULL, 3);
-- stream table: sc_
select id, v, (select max(v) from b) as m from a where v < (select avg(v) from b);
-- stream table: scc_
select id, (select count(*) from b where b.k=a.k) as n, (select sum(v)+1 from b where b.k=a.k and b.v>1) as s from a;
-- stream table: scw_
select * from a where v >= (select max(b.v) from b where b.k=a.k);
-- stream table: hav_
select k, sum(v) s from a group by k having sum(v) > (select avg(v) from b);
-- stream table: hav2_
select k, count(*) n, (select count(*) from b where b.k=a.k) m from a group by k;
-- stream table: cte_
with x as (select k, sum(v) s from a group by k) select * from x where s = (select max(s) from x);
-- round: matches come and go
INSERT INTO b VALUES (8, 2, 5), (9, 5, 1);
DELETE FROM b WHERE id = 6;
UPDATE a SET v = 2 WHERE id = 1;
-- round: keys move, on both sides at once
UPDATE a SET k = 2 WHERE id IN (2, 5);
UPDATE b SET k = 3, v = 3 WHERE id = 1;
UPDATE c SET g = 'y', v = 5 WHERE k = 1;
-- round: NULLs come and go
UPDATE b SET k = NULL WHERE id = 4;
UPDATE b SET v = 1 WHERE v IS NULL;
UPDATE a SET k = 5, v = 3 WHERE id = 7;
INSERT INTO a VALUES (8, NULL, 3), (9, 2, 5);
-- round: partners go together
DELETE FROM a WHERE k = 2;
DELETE FROM b WHERE k = 2;
INSERT INTO c VALUES ('z', 3, 5), ('x', 1, 5);
-- round: one side is emptied
TRUNCATE b;
-- round: and filled again
INSERT INTO b VALUES (1, 5, 3), (2, 1, 9), (3, 3, 4), (3, 3, 4), (5, NULL, NULL);
DELETE FROM c WHERE g = 'x';

-- case: operators: window functions
CREATE TABLE a (id int PRIMARY KEY, k int, v int);
CREATE TABLE b (id int NOT NULL, k int, v int);
CREATE TABLE c (g text, v int, k int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 5), (3, 2, NULL), (4, NULL, 4), (5, 3, 4), (6, 3, 4), (7, NULL, NULL);
INSERT INTO b VALUES (1, 1, 2), (1, 1, 2), (2, 2, NULL), (3, NULL, 4), (4, 4, 5), (6, 3, 4);
INSERT INTO c VALUES ('x', 2, 1), ('y', 4, 2), ('x', NULL, 3);
-- stream table: w_
select id, k, v, rank() over (partition by k order by v) r, sum(v) over (partition by k) s from a;
-- stream table: w2_
select id, k, v, rank() over w r, count(*) over (partition by v) c from a window w as (partition by k order by v desc);
-- stream table: w3_
select id, sum(v) over (order by id) s from a;
-- stream table: w4_
select k, sum(v) s, rank() over (order by sum(v)) r from a group by k;
-- stream table: w5_
select id, lag(v) over (partition by k order by id) l, first_value(v) over (partition by k order by id rows between 1 preceding and current row exclude current row) f from a;
-- round: matches come and go
INSERT INTO b VALUES (8, 2, 5), (9, 5, 1);
DELETE FROM b WHERE id = 6;
UPDATE a SET v = 2 WHERE id = 1;
-- round: keys move, on both sides at once
UPDATE a SET k = 2 WHERE id IN (2, 5);
UPDATE b SET k = 3, v = 3 WHERE id = 1;
UPDATE c SET g = 'y', v = 5 WHERE k = 1;
-- round: NULLs come and go
UPDATE b SET k = NULL WHERE id = 4;
UPDATE b SET v = 1 WHERE v IS NULL;
UPDATE a SET k = 5, v = 3 WHERE id = 7;
INSERT INTO a VALUES (8, NULL, 3), (9, 2, 5);
-- round: partners go together
DELETE FROM a WHERE k = 2;
DELETE FROM b WHERE k = 2;
INSERT INTO c VALUES ('z', 3, 5), ('x', 1, 5);
-- round: one side is emptied
TRUNCATE b;
-- round: and filled again
INSERT INTO b VALUES (1, 5, 3), (2, 1, 9), (3, 3, 4), (3, 3, 4), (5, NULL, NULL);
DELETE FROM c WHERE g = 'x';

-- case: operators: DISTINCT ON
CREATE TABLE a (id int PRIMARY KEY, k int, v int);
CREATE TABLE b (id int NOT NULL, k int, v int);
CREATE TABLE c (g text, v int, k int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 5), (3, 2, NULL), (4, NULL, 4), (5, 3, 4), (6, 3, 4), (7, NULL, NULL);
INSERT INTO b VALUES (1, 1, 2), (1, 1, 2), (2, 2, NULL), (3, NULL, 4), (4, 4, 5), (6, 3, 4);
INSERT INTO c VALUES ('x', 2, 1), ('y', 4, 2), ('x', NULL, 3);
-- stream table: don_
select distinct on (k) k, v, id from a order by k, v desc, id;
-- round: matches come and go
INSERT INTO b VALUES (8, 2, 5), (9, 5, 1);
DELETE FROM b WHERE id = 6;
UPDATE a SET v = 2 WHERE id = 1;
-- round: keys move, on both sides at once
UPDATE a SET k = 2 WHERE id IN (2, 5);
UPDATE b SET k = 3, v = 3 WHERE id = 1;
UPDATE c SET g = 'y', v = 5 WHERE k = 1;
-- round: NULLs come and go
UPDATE b SET k = NULL WHERE id = 4;
UPDATE b SET v = 1 WHERE v IS NULL;
UPDATE a SET k = 5, v = 3 WHERE id = 7;
INSERT INTO a VALUES (8, NULL, 3), (9, 2, 5);
-- round: partners go together
DELETE FROM a WHERE k = 2;
DELETE FROM b WHERE k = 2;
INSERT INTO c VALUES ('z', 3, 5), ('x', 1, 5);
-- round: one side is emptied
TRUNCATE b;
-- round: and filled again
INSERT INTO b VALUES (1, 5, 3), (2, 1, 9), (3, 3, 4), (3, 3, 4), (5, NULL, NULL);
DELETE FROM c WHERE g = 'x';

-- case: operators: INTERSECT and EXCEPT
CREATE TABLE a (id int PRIMARY KEY, k int, v int);
CREATE TABLE b (id int NOT NULL, k int, v int);
CREATE TABLE c (g text, v int, k int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 5), (3, 2, NULL), (4, NULL, 4), (5, 3, 4), (6, 3, 4), (7, NULL, NULL);
INSERT INTO b VALUES (1, 1, 2), (1, 1, 2), (2, 2, NULL), (3, NULL, 4), (4, 4, 5), (6, 3, 4);
INSERT INTO c VALUES ('x', 2, 1), ('y', 4, 2), ('x', NULL, 3);
-- stream table: i_
select k,v from a intersect select k,v from b;
-- stream table: ia_
select k,v from a intersect all select k,v from b;
-- stream table: e_
select k,v from a except select k,v from b;
-- stream table: ea_
select k,v from a except all select k,v from b;
-- stream table: e2_
(select k from a union all select k from c) except all select k from b;
-- round: matches come and go
INSERT INTO b VALUES (8, 2, 5), (9, 5, 1);
DELETE FROM b WHERE id = 6;
UPDATE a SET v = 2 WHERE id = 1;
-- round: keys move, on both sides at once
UPDATE a SET k = 2 WHERE id IN (2, 5);
UPDATE b SET k = 3, v = 3 WHERE id = 1;
UPDATE c SET g = 'y', v = 5 WHERE k = 1;
-- round: NULLs come and go
UPDATE b SET k = NULL WHERE id = 4;
UPDATE b SET v = 1 WHERE v IS NULL;
UPDATE a SET k = 5, v = 3 WHERE id = 7;
INSERT INTO a VALUES (8, NULL, 3), (9, 2, 5);
-- round: partners go together
DELETE FROM a WHERE k = 2;
DELETE FROM b WHERE k = 2;
INSERT INTO c VALUES ('z', 3, 5), ('x', 1, 5);
-- round: one side is emptied
TRUNCATE b;
-- round: and filled again
INSERT INTO b VALUES (1, 5, 3), (2, 1, 9), (3, 3, 4), (3, 3, 4), (5, NULL, NULL);
DELETE FROM c WHERE g = 'x';

-- case: operators: grouping sets
CREATE TABLE a (id int PRIMARY KEY, k int, v int);
CREATE TABLE b (id int NOT NULL, k int, v int);
CREATE TABLE c (g text, v int, k int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 5), (3, 2, NULL), (4, NULL, 4), (5, 3, 4), (6, 3, 4), (7, NULL, NULL);
INSERT INTO b VALUES (1, 1, 2), (1, 1, 2), (2, 2, NULL), (3, NULL, 4), (4, 4, 5), (6, 3, 4);
INSERT INTO c VALUES ('x', 2, 1), ('y', 4, 2), ('x', NULL, 3);
-- stream table: gs_
select k, v, count(*) n, grouping(k,v) g from a group by grouping sets ((k,v),(k),());
-- stream table: ru_
select k, v, sum(id) n from a group by rollup(k,v);
-- stream table: cu_
select k, v, max(id) n from a group by cube(k,v) having count(*)>1;
-- round: matches come and go
INSERT INTO b VALUES (8, 2, 5), (9, 5, 1);
DELETE FROM b WHERE id = 6;
UPDATE a SET v = 2 WHERE id = 1;
-- round: keys move, on both sides at once
UPDATE a SET k = 2 WHERE id IN (2, 5);
UPDATE b SET k = 3, v = 3 WHERE id = 1;
UPDATE c SET g = 'y', v = 5 WHERE k = 1;
-- round: NULLs come and go
UPDATE b SET k = NULL WHERE id = 4;
UPDATE b SET v = 1 WHERE v IS NULL;
UPDATE a SET k = 5, v = 3 WHERE id = 7;
INSERT INTO a VALUES (8, NULL, 3), (9, 2, 5);
-- round: partners go together
DELETE FROM a WHERE k = 2;
DELETE FROM b WHERE k = 2;
INSERT INTO c VALUES ('z', 3, 5), ('x', 1, 5);
-- round: one side is emptied
TRUNCATE b;
-- round: and filled again
INSERT INTO b VALUES (1, 5, 3), (2, 1, 9), (3, 3, 4), (3, 3, 4), (5, NULL, NULL);
DELETE FROM c WHERE g = 'x';

-- case: operators: LIMIT at the top
CREATE TABLE a (id int PRIMARY KEY, k int, v int);
CREATE TABLE b (id int NOT NULL, k int, v int);
CREATE TABLE c (g text, v int, k int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 5), (3, 2, NULL), (4, NULL, 4), (5, 3, 4), (6, 3, 4), (7, NULL, NULL);
INSERT INTO b VALUES (1, 1, 2), (1, 1, 2), (2, 2, NULL), (3, NULL, 4), (4, 4, 5), (6, 3, 4);
INSERT INTO c VALUES ('x', 2, 1), ('y', 4, 2), ('x', NULL, 3);
-- stream table: lim_
select id, v from a order by v desc, id limit 5;
-- stream table: lim2_
select k, sum(v) s from a group by k order by sum(v) desc nulls last, k limit 3 offset 1;
-- stream table: lim3_
select id, v from a order by v desc nulls last fetch first 4 rows with ties;
-- round: matches come and go
INSERT INTO b VALUES (8, 2, 5), (9, 5, 1);
DELETE FROM b WHERE id = 6;
UPDATE a SET v = 2 WHERE id = 1;
-- round: keys move, on both sides at once
UPDATE a SET k = 2 WHERE id IN (2, 5);
UPDATE b SET k = 3, v = 3 WHERE id = 1;
UPDATE c SET g = 'y', v = 5 WHERE k = 1;
-- round: NULLs come and go
UPDATE b SET k = NULL WHERE id = 4;
UPDATE b SET v = 1 WHERE v IS NULL;
UPDATE a SET k = 5, v = 3 WHERE id = 7;
INSERT INTO a VALUES (8, NULL, 3), (9, 2, 5);
-- round: partners go together
DELETE FROM a WHERE k = 2;
DELETE FROM b WHERE k = 2;
INSERT INTO c VALUES ('z', 3, 5), ('x', 1, 5);
-- round: one side is emptied
TRUNCATE b;
-- round: and filled again
INSERT INTO b VALUES (1, 5, 3), (2, 1, 9), (3, 3, 4), (3, 3, 4), (5, NULL, NULL);
DELETE FROM c WHERE g = 'x';

-- case: operators: functions in FROM
CREATE TABLE a (id int PRIMARY KEY, k int, v int);
CREATE TABLE b (id int NOT NULL, k int, v int);
CREATE TABLE c (g text, v int, k int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 5), (3, 2, NULL), (4, NULL, 4), (5, 3, 4), (6, 3, 4), (7, NULL, NULL);
INSERT INTO b VALUES (1, 1, 2), (1, 1, 2), (2, 2, NULL), (3, NULL, 4), (4, 4, 5), (6, 3, 4);
INSERT INTO c VALUES ('x', 2, 1), ('y', 4, 2), ('x', NULL, 3);
-- stream table: un_
select a.id, x from a, unnest(array[a.k, a.v]) x;
-- stream table: gse_
select a.id, g.n from a left join lateral generate_series(1, a.v) g(n) on true;
-- stream table: ord_
select a.id, u.x, u.o from a, lateral unnest(array[a.k,a.v,7]) with ordinality u(x,o) where u.x>1;
-- round: matches come and go
INSERT INTO b VALUES (8, 2, 5), (9, 5, 1);
DELETE FROM b WHERE id = 6;
UPDATE a SET v = 2 WHERE id = 1;
-- round: keys move, on both sides at once
UPDATE a SET k = 2 WHERE id IN (2, 5);
UPDATE b SET k = 3, v = 3 WHERE id = 1;
UPDATE c SET g = 'y', v = 5 WHERE k = 1;
-- round: NULLs come and go
UPDATE b SET k = NULL WHERE id = 4;
UPDATE b SET v = 1 WHERE v IS NULL;
UPDATE a SET k = 5, v = 3 WHERE id = 7;
INSERT INTO a VALUES (8, NULL, 3), (9, 2, 5);
-- round: partners go together
DELETE FROM a WHERE k = 2;
DELETE FROM b WHERE k = 2;
INSERT INTO c VALUES ('z', 3, 5), ('x', 1, 5);
-- round: one side is emptied
TRUNCATE b;
-- round: and filled again
INSERT INTO b VALUES (1, 5, 3), (2, 1, 9), (3, 3, 4), (3, 3, 4), (5, NULL, NULL);
DELETE FROM c WHERE g = 'x';

-- case: operators: aggregates that are read again
CREATE TABLE a (id int PRIMARY KEY, k int, v int);
CREATE TABLE b (id int NOT NULL, k int, v int);
CREATE TABLE c (g text, v int, k int);
INSERT INTO a VALUES (1, 1, 1), (2, 1, 5), (3, 2, NULL), (4, NULL, 4), (5, 3, 4), (6, 3, 4), (7, NULL, NULL);
INSERT INTO b VALUES (1, 1, 2), (1, 1, 2), (2, 2, NULL), (3, NULL, 4), (4, 4, 5), (6, 3, 4);
INSERT INTO c VALUES ('x', 2, 1), ('y', 4, 2), ('x', NULL, 3);
-- stream table: agx_
select k, array_agg(v order by id) r, string_agg(v::text, ',' order by id) s, count(distinct v) d, bool_or(v>3) b, stddev(v) sd from a group by k;
-- round: matches come and go
INSERT INTO b VALUES (8, 2, 5), (9, 5, 1);
DELETE FROM b WHERE id = 6;
UPDATE a SET v = 2 WHERE id = 1;
-- round: keys move, on both sides at once
UPDATE a SET k = 2 WHERE id IN (2, 5);
UPDATE b SET k = 3, v = 3 WHERE id = 1;
UPDATE c SET g = 'y', v = 5 WHERE k = 1;
-- round: NULLs come and go
UPDATE b SET k = NULL WHERE id = 4;
UPDATE b SET v = 1 WHERE v IS NULL;
UPDATE a SET k = 5, v = 3 WHERE id = 7;
INSERT INTO a VALUES (8, NULL, 3), (9, 2, 5);
-- round: partners go together
DELETE FROM a WHERE k = 2;
DELETE FROM b WHERE k = 2;
INSERT INTO c VALUES ('z', 3, 5), ('x', 1, 5);
-- round: one side is emptied
TRUNCATE b;
-- round: and filled again
INSERT INTO b VALUES (1, 5, 3), (2, 1, 9), (3, 3, 4), (3, 3, 4), (5, NULL, NULL);
DELETE FROM c WHERE g = 'x';

-- case: operators: window functions and whole rows of subqueries under a comparison
CREATE TABLE t (a int, b int);
CREATE TABLE u (a int, b int);
INSERT INTO t VALUES (1, 1), (1, 2), (2, 2), (NULL, 1), (3, 3);
INSERT INTO u VALUES (1, 2), (2, 2), (NULL, 3);
-- stream table: in_window
SELECT a FROM t WHERE a IN (SELECT first_value(a) OVER (PARTITION BY b ORDER BY a) FROM u);
-- stream table: not_in_window
SELECT a FROM t WHERE a NOT IN (SELECT max(a) OVER (PARTITION BY b) FROM u);
-- stream table: row_of_extremes
SELECT a, b FROM t WHERE (a, b) = (SELECT max(a), max(b) FROM u);
-- stream table: row_below
SELECT a, b, (a, b) < (SELECT max(a), max(b) FROM u WHERE b > 2) AS below FROM t;
-- round
INSERT INTO u VALUES (3, 3);
-- round
DELETE FROM u WHERE a IS NULL;
UPDATE t SET b = b + 1;
-- round
DELETE FROM u;

-- case: operators: VALUES under WITH
CREATE TABLE t (a int, b int);
INSERT INTO t VALUES (0, 1), (1, 2), (NULL, 3);
-- stream table: s
WITH z AS (VALUES (0, 'a'), (1, 'b'), (NULL, 'c')) SELECT t.b, z.column2 FROM t JOIN z ON z.column1 = t.a;
-- stream table: named
WITH z (k, v) AS (VALUES (0, 'a'), (1, 'b')) SELECT z.v, count(t.b) AS n FROM z LEFT JOIN t ON t.a = z.k GROUP BY z.v;
-- round
INSERT INTO t VALUES (1, 4);
DELETE FROM t WHERE b = 1;
-- round
UPDATE t SET a = 0;
