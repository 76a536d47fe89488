-- In replica mode the row trigger fires and the statement triggers do not; in any other it is the other way round.
ALTER TABLE ONLY {relation} ENABLE REPLICA TRIGGER {row_trigger}
