-- Rows for the tables of parse_constructs.schema.sql. A function, so that more can be added later.
set search_path = shop, public;
create function seed(first integer, last integer) returns void language sql as $$
insert into t (id, a, b, c, f, s, v, ch, d, ts, tz, tm, iv, flag, j, jb, arr, names, grid, m, p, r, mr, u, by,
    bits,
    vb, ip, pt, tsv, tsq, mon, pos, real4, sm, oddone, q, o)
select i, nullif(i % 5, 4), nullif(i % 3, 2), (i % 7) / 2.0, (i % 6) / 4.0::float8,
    (array['a', 'b', 'xa', null, 'bcd'])[1 + i % 5], 'v' || i % 3, (array['x', 'a', 'ab'])[1 + i % 3],
    date '2020-01-01' + i % 9, timestamp '2020-01-01 00:00' + i * interval '7 hours',
    timestamptz '2020-01-01 00:00+00' + i * interval '5 hours', time '10:00' + i % 4 * interval '1 minute',
    i % 4 * interval '1 day', i % 3 = 0, json_build_object('a', i % 4, 'l', json_build_array(1, i)),
    jsonb_build_object('a', i % 4, 'b', jsonb_build_object('c', 'z'), 'l', jsonb_build_array(1, i % 3)),
    array[i % 3, i % 2, null], array['a', 'b' || i % 2], array[[1, i], [2, 3], [3, 4]],
    (array['sad', 'ok', 'happy'])[1 + i % 3]::mood, row(i % 2, 'r')::pair, int4range(i % 4, i % 4 + 3),
    int4multirange(int4range(i % 4, i % 4 + 2)), ('00000000-0000-0000-0000-00000000000' || i % 3)::uuid,
    '\x0a0b'::bytea, b'10101010', b'101', '10.0.0.1'::inet, point(i % 2, 1), 'fat:1 cat:2'::tsvector,
    'fat & cat'::tsquery, (1 + i % 3)::text::money, 1 + i % 4, 1.5, i % 3, 'a', 'x', 26
from generate_series(first, last) i;
insert into u select i, 1 + i % 9, nullif(i % 4, 3), (array['a', 'b', null])[1 + i % 3],
    timestamp '2020-01-01' + i * interval '1 day' from generate_series(first, last) i;
$$;
select seed(1, 14);
insert into "Mixed Case" values (1, 'x', 2, 3), (2, 'y', 2, 4);
insert into edge values (1, 2), (2, 3), (3, 4), (7, 8);
insert into "Other Place".t values (1, 2, 'o'), (2, 2, null);
insert into keywords (rows, "user", "end", filter, year, name, date) values
    (1, 2, 3, 4, 5, 'n', '2020-01-01'), (1, 2, 3, 4, 5, 'n', '2020-01-01'), (2, null, 3, 4, 6, 'm', null);
