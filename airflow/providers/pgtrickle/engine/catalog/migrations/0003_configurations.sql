-- Which configuration declares a stream table, so that what it declares no more can be told from what was made by hand
-- or belongs to another one.
CREATE TABLE pgtrickle.pgt_configurations (
    pgt_id          bigint PRIMARY KEY REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
    configuration   text NOT NULL,
    declared_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON pgtrickle.pgt_configurations (configuration);
