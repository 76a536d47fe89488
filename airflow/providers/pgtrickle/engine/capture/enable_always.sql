-- Also for sessions that apply another server's changes by SQL (session_replication_role = replica).
ALTER TABLE ONLY {relation} ENABLE ALWAYS TRIGGER {insert_trigger};
ALTER TABLE ONLY {relation} ENABLE ALWAYS TRIGGER {update_trigger};
ALTER TABLE ONLY {relation} ENABLE ALWAYS TRIGGER {delete_trigger}
