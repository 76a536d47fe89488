-- PostgreSQL clones them to every partition.
CREATE OR REPLACE TRIGGER {leave_trigger} AFTER DELETE ON {relation}
    FOR EACH ROW
    WHEN (pg_catalog.current_setting('pgtrickle.watch_{source}', true) IN ('delete', 'both'))
    EXECUTE FUNCTION {function}();
CREATE OR REPLACE TRIGGER {arrive_trigger} AFTER INSERT ON {relation}
    FOR EACH ROW
    WHEN (pg_catalog.current_setting('pgtrickle.watch_{source}', true) IN ('insert', 'both'))
    EXECUTE FUNCTION {function}();
ALTER TABLE {relation} ENABLE ALWAYS TRIGGER {leave_trigger};
ALTER TABLE {relation} ENABLE ALWAYS TRIGGER {arrive_trigger}
