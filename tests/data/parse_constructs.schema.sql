create schema shop;
create schema "Other Place";
create type shop.mood as enum ('sad', 'ok', 'happy');
create type shop.pair as (left_part integer, right_part text);
create type "Other Place"."Odd Type" as enum ('a');
create domain shop.positive as numeric(10, 2) check (value > 0);
create collation shop.plain from "C";
create table shop.t (
    id integer primary key, a integer, b bigint, c numeric(12, 2), f double precision, s text, v varchar(20),
    ch char(5), d date, ts timestamp, tz timestamptz, tm time, iv interval, flag boolean, j json, jb jsonb,
    arr integer[], names text[], grid integer[][], m shop.mood, p shop.pair, r int4range, mr int4multirange,
    u uuid, by bytea, bits bit(8), vb varbit, ip inet, pt point, x xml, tsv tsvector, tsq tsquery, mon money,
    pos shop.positive, real4 real, sm smallint, oddone "Other Place"."Odd Type", q "char", o oid);
create table shop.u (id integer primary key, t_id integer, a integer, s text, ts timestamp);
create table shop."Mixed Case" ("Select" integer primary key, "a""b" text, "from" integer, plain integer);
create table "Other Place"."t" (id integer, "größe" integer, "order" text);
create table shop.edge (src integer, dst integer);
create table shop.keywords (
    "user" integer, "table" integer, "end" integer, "left" integer, "values" integer, "between" integer,
    rows integer, range integer, filter integer, over integer, cube integer, rollup integer, first integer,
    next integer, recursive integer, ordinality integer, partition integer, groups integer, name text,
    type text, value integer, year integer, month integer, day integer, date date, text text, format integer,
    index integer, key integer, "column" integer, qualify integer, pivot integer, unpivot integer, semi integer,
    anti integer, asof integer, apply integer, top integer, sample integer, settings integer, final integer,
    "interval" integer, "timestamp" integer, "precision" integer, "row" integer, "operator" integer, escape integer,
    temporary integer, view integer, replace integer, set integer, "default" integer, "offset" integer,
    "limit" integer, "window" integer, cache integer, describe integer, "exists" integer, "position" integer);
create function shop.twice(integer) returns integer language sql immutable as 'select $1 * 2';
create function shop."Odd Name"(integer) returns integer language sql immutable as 'select $1';
create function shop.named(x integer, y integer default 2, z text default 'z') returns integer
    language sql immutable as 'select x + y';
create function shop.many(variadic integer[]) returns integer language sql immutable as 'select $1[1]';
create function shop.pairs(n integer) returns table (k integer, w text) language sql stable
    as 'select i, i::text from generate_series(1, n) i';
create function shop.records() returns setof record language sql stable as 'select 1, ''a''::text';
create function shop.sum(integer) returns integer language sql immutable as 'select $1';
create aggregate shop.product(integer) (sfunc = int4mul, stype = integer, initcond = '1');
create operator shop.<#> (leftarg = integer, rightarg = integer, procedure = int4mi);
create operator shop.@@@ (rightarg = integer, procedure = shop.twice);
