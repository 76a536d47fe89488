-- strings
SELECT id, upper(t) AS a, lower(t) AS b, initcap(t) AS c, length(t) AS d, reverse(t) AS e, octet_length(t) AS f FROM vals;
SELECT id, substring(t FROM 1 FOR 1) AS a, substring(t, 2) AS b, left(t, 1) AS c, right(t, 1) AS d, t || NULL AS e FROM vals;
SELECT id, position('a' IN t) AS a, strpos(t, 'z') AS b, replace(t, 'a', 'xx') AS c, translate(t, 'ab', 'b') AS d FROM vals;
SELECT id, trim(BOTH 'a' FROM t) AS a, ltrim(t, 'b') AS b, rtrim(t, 'z') AS c, btrim(t) AS d, lpad(t, 4, '-') AS e, rpad(t, 2) AS f FROM vals;
SELECT id, concat(t, i4, b) AS a, concat_ws('-', t, i4, NULL, g) AS b, format('%s/%L', t, t) AS c FROM vals;
SELECT id, split_part(name, 'e', 2) AS a, string_to_array(name, 'n') AS b, repeat(name, 2) AS c, md5(name) AS d FROM emp;
SELECT id, regexp_replace(t, '[ab]', '#', 'g') AS a, regexp_match(t, '(.)z') AS b, t ~ '^a' AS c, t ~* '^A' AS d, t !~ 'z$' AS e FROM vals;
SELECT id FROM vals WHERE t LIKE 'a%' OR t ILIKE '_B%' OR t SIMILAR TO '(z|b)+';
SELECT id FROM vals WHERE t NOT LIKE '%z' AND t <> '' AND t >= 'a' COLLATE "C";
SELECT id, overlay(t PLACING 'Q' FROM 1 FOR 1) AS a, ascii(t) AS b, chr(65 + g) AS c, quote_literal(t) AS d, quote_nullable(t) AS e FROM vals;
SELECT id, to_char(fix, 'FM990.00') AS a, to_char(i4, 'S99') AS b, to_hex(h) AS c, i4::text || t AS d, t::varchar(1) AS e, t::char(3) AS f FROM vals;
SELECT id, raw || '\x01' AS a, encode(raw, 'hex') AS b, get_byte(raw, 0) AS c, sha256(raw) AS d, length(raw) AS e FROM vals;
SELECT id, name COLLATE "C" < 'c' AS a, starts_with(name, 'b') AS b, name ^@ 'a' AS c, greatest(name, 'bob') AS d FROM emp;
SELECT t COLLATE "C" AS c, count(*) AS n FROM vals GROUP BY t COLLATE "C";
SELECT s, s || 'x' AS y, length(s) AS n FROM doc WHERE s <> 's1';
-- numbers and casts
SELECT id, i4 + i2 AS a, i4 - i8 AS b, i4 * i4 AS c, i4 / 2 AS d, i4 % 2 AS e, -i4 AS f, abs(i4) AS g, @ i4 AS h FROM vals;
SELECT id, round(num, 1) AS a, trunc(num, 1) AS b, ceil(fix) AS c, floor(fix) AS d, sign(num) AS e, power(fix, 2) AS f, fix ^ 2 AS g FROM vals WHERE num <> 'NaN';
SELECT id, num / 3 AS a, mod(i4, 3) AS b, div(fix, 2) AS c, gcd(i4, 6) AS d, width_bucket(fix, 0, 1, 4) AS e, num::int AS f FROM vals WHERE num <> 'NaN';
SELECT id, f8 * 2 AS a, f8 / 4 AS b, f4::float8 AS c, f8 = 'NaN' AS d, f8 > 1e308 AS e, -f8 AS f, f8::text AS g FROM vals;
SELECT id, i4 & 3 AS a, i4 | 4 AS b, i4 # 5 AS c, ~i4 AS d, i4 << 1 AS e, bits & b'0101' AS f, ~bits AS g, bits << 1 AS h FROM vals;
SELECT id, greatest(i4, h, 0) AS a, least(i4, h) AS b, nullif(i4, 0) AS c, coalesce(i4, g, -1) AS d, scale(num) AS e, trim_scale(num) AS f FROM vals;
SELECT id, b AND i4 > 0 AS a, b OR NULL AS c, NOT b AS d, b IS TRUE AS e, b IS UNKNOWN AS f, (i4 > 0) = b AS g FROM vals;
SELECT id, m * 2 AS a, m + m AS b, m / 2 AS c, m::numeric AS d, m > 1::money AS e FROM vals;
SELECT id, ip + 1 AS a, host(ip) AS b, ip << inet '10.0.0.0/24' AS c, family(ip) AS d FROM vals;
SELECT id FROM vals WHERE i4 BETWEEN -1 AND 2 AND i4 NOT IN (0, 5) AND (g, h) <> (1, 1);
SELECT id FROM vals WHERE i4 BETWEEN SYMMETRIC 2 AND -1 OR g IS DISTINCT FROM h;
SELECT id, CASE g WHEN 0 THEN 'zero' WHEN 1 THEN 'one' END AS a, CASE WHEN i4 > h THEN i4 ELSE h END AS b FROM vals;
-- dates
SELECT id, d + 1 AS a, d - date '2024-01-01' AS b, ts + interval '1 month' AS c, ts - timestamp '2024-01-01' AS e, tm + interval '2 hours' AS f FROM doc;
SELECT id, extract(year FROM d) AS a, extract(dow FROM d) AS b, extract(epoch FROM ts) AS c, date_part('hour', ts) AS e, extract(week FROM d) AS f FROM doc;
SELECT date_trunc('month', ts) AS month, count(*) AS n FROM doc GROUP BY date_trunc('month', ts);
SELECT date_trunc('day', tz) AS day, count(*) AS n, min(ts) AS first FROM doc GROUP BY 1;
SELECT id, tz AT TIME ZONE 'Europe/Berlin' AS a, ts AT TIME ZONE 'UTC' AS b, tz::date AS c, tz + interval '1 day' AS d FROM doc;
SELECT id, age(ts, timestamp '2024-01-01') AS a, justify_days(iv * 40) AS b FROM doc JOIN vals USING (id);
SELECT id, iv + interval '1 hour' AS a, iv * 2 AS b, iv / 3 AS c, -iv AS d, extract(hour FROM iv) AS e, iv > '1 day' AS f FROM vals;
SELECT id, to_char(ts, 'YYYY-MM-DD HH24:MI') AS a, to_char(d, 'Dy DD Mon') AS b, make_date(2024, 1 + id % 12, 1) AS c FROM doc;
SELECT id FROM doc WHERE d >= date '2024-01-01' AND ts < timestamp '2024-04-01' AND tz BETWEEN '2024-01-01+00' AND '2024-12-31+00';
SELECT id FROM doc WHERE (d, interval '3 days') OVERLAPS (date '2024-01-01', date '2024-01-03');
SELECT id, date_bin('12 hours', ts, timestamp '2024-01-01') AS a, isfinite(d) AS b, d::timestamp AS c, ts::time AS e FROM doc;
SELECT hired, count(*) AS n, hired + interval '1 month' AS next FROM emp GROUP BY hired;
-- arrays
SELECT id, ints[1] AS a, ints[2:3] AS b, ints || 9 AS c, 0 || ints AS d, ints || ints AS e, cardinality(ints) AS f FROM doc;
SELECT id FROM doc WHERE 1 = ANY (ints) AND 7 <> ALL (ints);
SELECT id FROM doc WHERE ints && ARRAY[2] OR tags @> ARRAY['t1'] OR ints <@ ARRAY[0, 1];
SELECT ints, count(*) AS n FROM doc GROUP BY ints;
SELECT id, array_length(tags, 1) AS a, array_position(tags, 'u') AS b, array_remove(ints, 0) AS c, array_to_string(tags, ',', '*') AS d FROM doc;
SELECT id, array_replace(ints, 1, 7) AS a, array_cat(ints, ARRAY[k]) AS b, tags[1] || tags[2] AS c, ints = ARRAY[1, 1] AS d, ints < ARRAY[1, 1] AS e FROM doc;
SELECT id, ARRAY[k, id] AS a, ARRAY[[k, 1], [2, id]] AS b, (ARRAY[k, id])[2] AS c, ARRAY[]::int[] AS d FROM doc;
SELECT d.id, u.i FROM doc d, unnest(d.ints) u(i);
SELECT d.id, u.t, u.n FROM doc d, unnest(d.tags) WITH ORDINALITY u(t, n);
SELECT d.id, u.i, u.t FROM doc d, unnest(d.ints, d.tags) u(i, t);
SELECT u.i, count(*) AS n FROM doc d, unnest(d.ints) u(i) GROUP BY u.i;
SELECT d.id, u.i FROM doc d LEFT JOIN LATERAL unnest(d.tags) u(i) ON true WHERE u.i IS NULL;
-- recomputed: a set-returning function in the select list
SELECT id, unnest(ints) AS i FROM doc;
SELECT d.id, g.n FROM doc d, generate_series(0, d.k) g(n);
-- jsonb
SELECT id, body -> 'a' AS a, body ->> 'a' AS b, body #> '{l,2}' AS c, body #>> '{l,0}' AS d, body -> 0 AS e, body['a'] AS f FROM doc;
SELECT body ->> 'a' AS k, count(*) AS n FROM doc GROUP BY body ->> 'a';
SELECT id FROM doc WHERE body @> '{"a": 1}' OR body ? 'b' OR body ?| ARRAY['l', 'z'] OR body = '[3, "x"]';
SELECT id, body || '{"n": 1}' AS a, body - 'a' AS b, body #- '{l,0}' AS c, jsonb_typeof(body) AS d FROM doc WHERE jsonb_typeof(body) = 'object';
SELECT id, jsonb_set(body, '{0}', '"s"') AS a, jsonb_strip_nulls(body) AS b, jsonb_build_object('k', k, 'd', d) AS c FROM doc;
SELECT id, body @? '$.l[*]' AS a, body @@ '$.a > 1' AS b, jsonb_path_query_array(body, '$.l[*]') AS c FROM doc;
SELECT id, old ->> 'k' AS a, (old ->> 'k')::int + 1 AS b, to_jsonb(tags) AS c, jsonb_array_length(to_jsonb(ints)) AS d FROM doc;
SELECT d.id, e.key, e.value FROM doc d, jsonb_each(CASE WHEN jsonb_typeof(d.body) = 'object' THEN d.body END) e;
SELECT d.id, e.v FROM doc d CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(d.body -> 'l') = 'array' THEN d.body -> 'l' END) e(v);
SELECT e.key, count(*) AS n FROM doc d, jsonb_each_text(CASE WHEN jsonb_typeof(d.body) = 'object' THEN d.body END) e GROUP BY e.key;
-- recomputed: a function in FROM without a list of its columns
SELECT d.id, r.a, r.b FROM doc d, jsonb_to_record(CASE WHEN jsonb_typeof(d.body) = 'object' THEN d.body END) r(a text, b text);
SELECT id, old FROM doc WHERE old IS NOT NULL;
SELECT k, jsonb_object_agg(id, body ORDER BY id) AS o FROM doc GROUP BY k;
-- ranges
SELECT id, span @> 1 AS a, lower(span) AS b, upper(span) AS c, isempty(span) AS d, span && int4range(1, 3) AS e FROM doc;
SELECT id, span * int4range(0, 3) AS a, span = int4range(1, 2) AS b, span -|- int4range(4, 6) AS c, upper_inc(days) AS d FROM doc;
SELECT span, count(*) AS n FROM doc GROUP BY span;
SELECT a.id, b.id AS bid FROM doc a JOIN doc b ON a.span && b.span AND a.id < b.id;
SELECT a.id, count(b.id) AS n FROM doc a LEFT JOIN vals b ON a.days @> (date '2024-01-01' + b.h) GROUP BY a.id;
SELECT id, spans @> 8 AS a, spans * int4multirange(int4range(1, 9)) AS b, range_merge(spans) AS c FROM doc;
SELECT spans, count(*) AS n FROM doc GROUP BY spans;
SELECT k, range_agg(days) AS r FROM doc GROUP BY k HAVING bool_or(days @> date '2024-01-02');
SELECT d.id, u.s FROM doc d, unnest(d.spans) u(s);
-- enums, uuids, domains
SELECT grade, grade > 'sad' AS a, enum_range(NULL::mood, grade) AS r, count(*) AS n FROM emp GROUP BY grade;
SELECT u, count(*) AS n, max(s) AS s, min(s) AS t FROM doc GROUP BY u;
SELECT s, count(*) AS n FROM doc GROUP BY s;
SELECT d.s, e.s AS es FROM doc d LEFT JOIN doc e ON e.s = d.s AND e.id = d.id + 1;
