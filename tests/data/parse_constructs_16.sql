select any_value(a), array_agg(a order by a) from t group by s;
select 0x1F, 0o17, 0b101, 1_000_000, 1_0.5_0;
select json_array(1, a, s), json_array(1, null null on null), json_array(a absent on null returning jsonb), json_array(), json_array(select a from t) from t;
select json_object('a' : 1, 'b' : s), json_object('a' value 1, s value a null on null with unique keys), json_object('k' : a returning jsonb), json_object() from t;
select json_arrayagg(a), json_arrayagg(a order by id null on null returning jsonb), json_objectagg(s : a), json_objectagg(s value a absent on null with unique keys returning jsonb), json_arrayagg(a) filter (where a > 1) from t;
select j is json, jb is json object, s is json array with unique keys, s is not json scalar, s is json value from t;
select system_user, date_add(tz, interval '1 day', 'UTC'), array_sample(arr, 1), array_shuffle(arr), random_normal(0, 1), erf(f) from t;
