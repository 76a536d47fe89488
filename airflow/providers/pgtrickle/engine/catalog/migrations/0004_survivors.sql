-- A crash empties unlogged tables, and this one with them: a source whose row is missing has lost its own rows.
CREATE UNLOGGED TABLE pgtrickle_changes.survivors (
    source_oid          oid PRIMARY KEY,
    xid                 xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE pgtrickle_changes.survivors IS
    'For each captured source with unlogged parts, a row that lives exactly as long as their rows do.';
REVOKE ALL ON TABLE pgtrickle_changes.survivors FROM PUBLIC;
