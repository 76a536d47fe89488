-- PostgreSQL clones it to every partition.
CREATE OR REPLACE TRIGGER {move_trigger} AFTER DELETE ON {relation}
    FOR EACH ROW
    WHEN (pg_catalog.current_setting('pgtrickle.merged_{source}', true) = 'on')
    EXECUTE FUNCTION {function}();
ALTER TABLE {relation} ENABLE ALWAYS TRIGGER {move_trigger}
