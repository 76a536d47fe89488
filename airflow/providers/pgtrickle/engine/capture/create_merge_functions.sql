-- A row that MERGE updates so that it moves to another partition is in no transition table of UPDATE. PostgreSQL puts
-- it into those of DELETE and INSERT, whose triggers fire only if the MERGE has such actions. So while a MERGE runs,
-- rows are watched that leave a partition although nothing is deleted, or arrive although nothing is inserted: such a
-- move is noted as a gap. State is kept in two settings, which a rollback to a savepoint takes back:
--   pgtrickle.merge_<source>   how deep the running MERGE is nested, and its actions so far
--   pgtrickle.watch_<source>   what to watch: delete, insert, both, or nothing
CREATE OR REPLACE FUNCTION {watch_merge}()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $capture$
DECLARE
    context text;
    statement text;
    depth text;
    state text := COALESCE(current_setting('pgtrickle.merge_{source}', true), '');
    watch text := '';
BEGIN
    -- Below this function's own line, the context has the statement that fired it, unless that is the current query
    -- itself. Of a prepared statement and of an SQL function it has no text: they count as MERGE. PL/pgSQL's EXECUTE
    -- does not, for its statement has lines of its own.
    GET DIAGNOSTICS context = PG_CONTEXT;
    statement := regexp_replace(substring(context FROM E'\n(.*)$'), ' at EXECUTE$', '', 'gn');
    IF COALESCE(statement, current_query()) !~* '\mmerge\M|\mexecute\M|\mSQL function\M' THEN
        RETURN NULL;
    END IF;
    depth := regexp_count(context, E'\n')::text;
    IF TG_WHEN = 'AFTER' THEN
        IF split_part(state, ' ', 1) = depth THEN
            PERFORM set_config('pgtrickle.merge_{source}', '', true), set_config('pgtrickle.watch_{source}', '', true);
        END IF;
        RETURN NULL;
    END IF;
    IF state <> '' AND split_part(state, ' ', 1) <> depth THEN
        -- A MERGE within a MERGE of the same table: watch everything until the transaction ends.
        state := 'nested';
        watch := 'both';
    ELSE
        -- PostgreSQL fires the triggers of a MERGE's actions in the order INSERT, UPDATE, DELETE.
        state := depth || ' ' || split_part(state, ' ', 2) || left(TG_OP, 1);
        watch := CASE
            WHEN state NOT LIKE '%U%' OR state LIKE '%I%U%D%' THEN ''
            WHEN state LIKE '%D%' THEN 'insert'
            ELSE 'delete'
        END;
    END IF;
    PERFORM set_config('pgtrickle.merge_{source}', state, true), set_config('pgtrickle.watch_{source}', watch, true);
    RETURN NULL;
END
$capture$;
REVOKE ALL ON FUNCTION {watch_merge}() FROM PUBLIC;

CREATE OR REPLACE FUNCTION {note_move}()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $capture$
BEGIN
    PERFORM pgtrickle_changes.note_gap({source}, 'a MERGE moved rows between partitions');
    RETURN NULL;
END
$capture$;
REVOKE ALL ON FUNCTION {note_move}() FROM PUBLIC
