-- Rows come and go with every refresh: vacuum by their number, not by their share.
CREATE TABLE {buffer} (
    xid pg_catalog.xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    weight pg_catalog.int4 NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0.5
);
CREATE INDEX ON {buffer} (xid);
REVOKE ALL ON TABLE {buffer} FROM PUBLIC
