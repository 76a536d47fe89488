select json_value(jb, '$.a'), json_value(jb, '$.a' returning integer), json_value(jb, '$.a' passing a as x returning numeric(5, 2) default 1 on empty error on error), json_value(j, '$.a' null on empty) from t;
select json_query(jb, '$.a'), json_query(jb, '$.a' with wrapper), json_query(jb, '$.a' returning text omit quotes), json_query(jb, '$.a[*]' with conditional wrapper empty array on empty), json_query(jb, '$.a' without wrapper keep quotes null on error) from t;
select json_exists(jb, '$.a'), json_exists(jb, '$.a[*] ? (@ > $x)' passing a as x), json_exists(jb, '$.a' true on error), json_exists(jb, 'strict $.a' unknown on error) from t;
select json(s), json('{"a":1}' with unique keys), json_scalar(a), json_serialize(j), json_serialize(jb returning bytea) from t;
select jt.* from t, json_table(t.jb, '$[*]' columns (id for ordinality, a integer path '$.a', b text path '$.b' default 'x' on empty, c jsonb path '$.c' with wrapper, e boolean exists path '$.e')) as jt;
select jt.* from t, json_table(t.jb, '$.l[*]' as root passing t.a as x, t.s as y columns (a integer path '$.a', nested path '$.n[*]' as inner_path columns (b text path '$.b'))) jt;
select tz at local, ts at local, tm at local, to_bin(a), merge_action.v from t, (select 1 as v) merge_action;
