-- round: both partners of joins leave, others move, duplicates come
DELETE FROM emp WHERE id IN (3, 8);
DELETE FROM dept WHERE dept = 0;
DELETE FROM x WHERE a = 1;
DELETE FROM y WHERE a = 1;
UPDATE emp SET dept = 2, pay = pay + 0.25 WHERE id % 4 = 1;
UPDATE dept SET dept = 1, name = 'new' WHERE budget = 200;
UPDATE vals SET g = 1, i4 = i4 + 1, num = num * 1.10, f8 = f8 + 0.5, t = t || 'z' WHERE id % 3 = 0;
UPDATE doc SET body = body || '{"a": 7}', ints = ints || 5, span = int4range(1, 4), p = ROW(5, 'p0') WHERE id % 3 = 1;
UPDATE wide SET p = q, q = p WHERE id % 3 = 0;
INSERT INTO x VALUES (0, 0), (0, 0), (NULL, 1), (2, 2);
INSERT INTO y VALUES (0, 0), (NULL, 1), (2, NULL);
INSERT INTO edge VALUES (1, 2), (6, 1);
SELECT seed(13, 16);
INSERT INTO vals SELECT id + 500, g, h, 1000, 1000, i8, num, fix, f4, f8, b, bits, iv, m, ip, 'zzz' FROM vals WHERE id < 6;
DELETE FROM vals WHERE id > 500;
-- round: keys change, NULL and values change places
UPDATE emp SET id = id + 100 WHERE id IN (1, 2, 5);
UPDATE emp SET id = 900 WHERE id = 101;
UPDATE emp SET id = 101 WHERE id = 102;
UPDATE emp SET id = 102 WHERE id = 900;
UPDATE vals SET id = id + 100, b = NOT b, bits = ~bits WHERE id > 9;
UPDATE doc SET id = id + 100, ts = ts + interval '1 month', tags = tags || 'n'::text WHERE id % 2 = 0;
UPDATE wide SET id = id + 100 WHERE id < 4;
UPDATE x SET a = b, b = a;
UPDATE y SET a = CASE WHEN a IS NULL THEN 3 WHEN a = 2 THEN NULL ELSE a END;
UPDATE emp SET boss = CASE WHEN boss IS NULL THEN 1 WHEN boss = 1 THEN NULL ELSE boss END, grade = 'ok', ok = NOT ok
    WHERE id % 2 = 0;
UPDATE vals SET num = 'NaN', f8 = 'NaN', f4 = 'Infinity' WHERE g = 1 AND h = 0;
UPDATE vals SET num = NULL, i4 = NULL, t = NULL WHERE g IS NULL;
DELETE FROM edge WHERE src = 1;
-- round: what went comes back in one batch, and new extremes
DELETE FROM vals WHERE id IN (SELECT id FROM vals ORDER BY id LIMIT 2);
INSERT INTO vals (id, g, h, i2, i4, i8, num, fix, f4, f8, b, t)
    VALUES (1, 1, 0, 99, 99, 9000000000, 12345.678, 99.99, 64, 1024, true, 'zz'),
           (2, NULL, 2, -99, -99, -9000000000, -12345.678, -99.99, '-Infinity', -0.5, false, 'A');
UPDATE vals SET num = 5, f8 = 2, f4 = 1 WHERE num = 'NaN';
DELETE FROM emp WHERE pay = (SELECT max(pay) FROM emp);
INSERT INTO emp VALUES (3, 0, 7, 'eve', 999.99, '2023-12-31', 'happy', true), (8, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
UPDATE doc SET d = d + 400, tz = tz - interval '30 days', k = coalesce(k + 1, 0), body = '{"a": null, "l": []}' WHERE id % 3 = 2;
INSERT INTO x SELECT * FROM y;
DELETE FROM y WHERE b IS NULL;
UPDATE wide SET p = NULL, r = ROW(ROW(NULL, 'n')::pair, 2)::nested WHERE (p).x = 1;
INSERT INTO dept VALUES (0, 'ops', 100), (0, 'ops', 100), (NULL, NULL, NULL), (2, 'dev', 5);
DELETE FROM dept WHERE budget = 5;
INSERT INTO x VALUES (1, 1), (3, 3), (3, 3);
DELETE FROM x WHERE a = 3;
-- round: emptied
TRUNCATE vals, y;
DELETE FROM dept;
DELETE FROM edge WHERE src > 2;
DELETE FROM emp WHERE id % 3 = 0;
DELETE FROM doc WHERE k = 0;
DELETE FROM x WHERE a IS NULL;
DELETE FROM wide WHERE id > 6;
-- round: filled again
SELECT seed(201, 214);
