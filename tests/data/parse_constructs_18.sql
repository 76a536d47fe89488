select uuidv7(), casefold(s), array_sort(arr), reverse(by), crc32(by), gamma(f), array_reverse(arr), jsonb_strip_nulls(jb, true) from t;
select max(t.arr), string_agg(by, by) from t;
