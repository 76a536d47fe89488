-- When MERGE updates a row so that it moves to another partition, PostgreSQL hands the row to the DELETE and INSERT
-- triggers, which fire only if the MERGE has such actions. So a transaction in which a MERGE may have updated this
-- source is marked, and a row that leaves a partition in such a transaction is noted as a gap.
CREATE OR REPLACE FUNCTION {note_merge}()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $capture$
DECLARE
    context text;
    statement text;
BEGIN
    -- Below this function's own line, the context has the statement that fired it, unless that is the current query
    -- itself. Of a prepared statement and of an SQL function it has no text: they count as MERGE. PL/pgSQL's EXECUTE
    -- does not, for its statement has lines of its own.
    GET DIAGNOSTICS context = PG_CONTEXT;
    statement := regexp_replace(substring(context FROM E'\n(.*)$'), ' at EXECUTE$', '', 'gn');
    IF COALESCE(statement, current_query()) ~* '\mmerge\M|\mexecute\M|\mSQL function\M' THEN
        PERFORM set_config('pgtrickle.merged_{source}', 'on', true);
    END IF;
    RETURN NULL;
END
$capture$;
REVOKE ALL ON FUNCTION {note_merge}() FROM PUBLIC;

CREATE OR REPLACE FUNCTION {note_move}()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $capture$
BEGIN
    PERFORM pgtrickle_changes.note_gap({source}, 'a MERGE may have moved rows between partitions');
    PERFORM set_config('pgtrickle.merged_{source}', 'noted', true);
    RETURN NULL;
END
$capture$;
REVOKE ALL ON FUNCTION {note_move}() FROM PUBLIC
