-- Frontiers are made of one server's transaction ids, capture of its oids: a copy of the database that a dump carried
-- to another server must trust neither.
CREATE TABLE pgtrickle.pgt_server (
    system_identifier   bigint NOT NULL
);
INSERT INTO pgtrickle.pgt_server SELECT system_identifier FROM pg_catalog.pg_control_system();
