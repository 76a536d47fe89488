-- In replica mode the row trigger fires and the statement triggers do not, in any other mode it is the other way round.
CREATE OR REPLACE TRIGGER {row_trigger} AFTER INSERT OR UPDATE OR DELETE ON {relation}
    FOR EACH ROW EXECUTE FUNCTION {function}();
ALTER TABLE ONLY {relation} ENABLE REPLICA TRIGGER {row_trigger}
