-- The catalog: stream tables, what they read, how they got where they are, and what is captured for them.
-- Nothing here is for PUBLIC; grant USAGE on schema pgtrickle and SELECT on its views to whom they concern.

CREATE TABLE pgtrickle.pgt_stream_tables (
    pgt_id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pgt_schema          text NOT NULL,
    pgt_name            text NOT NULL,
    query               text NOT NULL,
    search_path         text NOT NULL,
    schedule            text,
    refresh_mode        text NOT NULL CHECK (refresh_mode IN ('AUTO', 'DIFFERENTIAL', 'FULL', 'IMMEDIATE')),
    effective_mode      text NOT NULL CHECK (effective_mode IN ('DIFFERENTIAL', 'FULL')),
    reason              text,
    status              text NOT NULL DEFAULT 'INITIALIZING'
                        CHECK (status IN ('ACTIVE', 'SUSPENDED', 'INITIALIZING')),
    is_populated        boolean NOT NULL DEFAULT false,
    generation          integer NOT NULL DEFAULT 1,
    view_oid            oid,
    storage_oid         oid,
    frontier            pg_snapshot,
    versions            jsonb NOT NULL DEFAULT '{}',
    data_timestamp      timestamptz,
    layout              jsonb,
    session_settings    jsonb NOT NULL DEFAULT '{}',
    fingerprint         jsonb,
    consecutive_errors  integer NOT NULL DEFAULT 0,
    last_error          text,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (pgt_schema, pgt_name)
);
COMMENT ON COLUMN pgtrickle.pgt_stream_tables.frontier IS 'The snapshot of the base tables that the rows show.';
COMMENT ON COLUMN pgtrickle.pgt_stream_tables.versions IS
    'For each upstream stream table (pgt_id), the snapshot that selects the version of it that the rows show.';
COMMENT ON COLUMN pgtrickle.pgt_stream_tables.reason IS 'Why the effective mode is not DIFFERENTIAL.';

CREATE TABLE pgtrickle.pgt_dependencies (
    pgt_id              bigint NOT NULL REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
    source_oid          oid NOT NULL,
    source_name         text NOT NULL,
    source_kind         text NOT NULL,
    upstream_pgt_id     bigint REFERENCES pgtrickle.pgt_stream_tables,
    columns             smallint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (pgt_id, source_oid)
);
CREATE INDEX ON pgtrickle.pgt_dependencies (source_oid);
CREATE INDEX ON pgtrickle.pgt_dependencies (upstream_pgt_id) WHERE upstream_pgt_id IS NOT NULL;

CREATE TABLE pgtrickle.pgt_refresh_history (
    refresh_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pgt_id              bigint NOT NULL REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
    action              text CHECK (action IN ('NO_DATA', 'DIFFERENTIAL', 'FULL', 'REINITIALIZE')),
    reason              text,
    status              text NOT NULL CHECK (status IN ('RUNNING', 'COMPLETED', 'FAILED')),
    started_at          timestamptz NOT NULL,
    ended_at            timestamptz,
    rows_inserted       bigint,
    rows_deleted        bigint,
    pending_changes     bigint,
    duration_ms         double precision,
    stages              jsonb,
    sqlstate            text,
    error_message       text,
    run_id              text,
    frontier            pg_snapshot
);
CREATE INDEX ON pgtrickle.pgt_refresh_history (pgt_id, refresh_id DESC);
CREATE INDEX ON pgtrickle.pgt_refresh_history (started_at);

-- The refreshes of one stream table are serial, so their transaction ids order its versions.
CREATE TABLE pgtrickle.pgt_versions (
    pgt_id              bigint NOT NULL REFERENCES pgtrickle.pgt_stream_tables ON DELETE CASCADE,
    xid                 xid8 NOT NULL,
    snapshot            pg_snapshot NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (pgt_id, xid)
);
COMMENT ON TABLE pgtrickle.pgt_versions IS
    'Which refresh (its transaction) brought a stream table to which frontier.';

CREATE TABLE pgtrickle.pgt_runs (
    run_id              text PRIMARY KEY,
    snapshot            pg_snapshot NOT NULL,
    members             bigint[] NOT NULL DEFAULT '{}',
    opened_at           timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE pgtrickle.pgt_capture (
    source_oid          oid PRIMARY KEY,
    attnums             smallint[] NOT NULL,
    epoch               bigint NOT NULL DEFAULT 1,
    reason              text,
    facts               jsonb NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at          timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN pgtrickle.pgt_capture.facts IS
    'What the server''s catalogs said when capture was last made whole; while they still say so, it has no gap.';
COMMENT ON COLUMN pgtrickle.pgt_capture.reason IS 'What had passed capture by when the epoch began.';
COMMENT ON COLUMN pgtrickle.pgt_capture.epoch IS
    'Grows whenever capture is made whole again after a gap: what was maintained before must be reinitialised.';

-- Changes that capture could not follow, written by the transaction that made them.
CREATE TABLE pgtrickle.pgt_capture_gaps (
    source_oid          oid NOT NULL,
    xid                 xid8 NOT NULL DEFAULT pg_current_xact_id(),
    reason              text NOT NULL
);
CREATE INDEX ON pgtrickle.pgt_capture_gaps (source_oid);

CREATE VIEW pgtrickle.pgt_status AS
SELECT
    t.pgt_schema || '.' || t.pgt_name AS name,
    t.status,
    t.refresh_mode,
    t.effective_mode,
    t.is_populated,
    t.consecutive_errors,
    t.schedule,
    t.data_timestamp,
    clock_timestamp() - t.data_timestamp AS staleness,
    h.action AS last_action,
    h.reason AS last_reason,
    h.status AS last_status,
    h.started_at AS last_refresh_at,
    h.duration_ms AS last_duration_ms,
    t.last_error
FROM pgtrickle.pgt_stream_tables t
LEFT JOIN LATERAL (
    SELECT r.action, r.reason, r.status, r.started_at, r.duration_ms
    FROM pgtrickle.pgt_refresh_history r
    WHERE r.pgt_id = t.pgt_id
    ORDER BY r.refresh_id DESC
    LIMIT 1
) h ON true;

CREATE VIEW pgtrickle.stream_tables_info AS
SELECT
    t.pgt_id,
    t.pgt_schema,
    t.pgt_name,
    t.query,
    t.schedule,
    t.refresh_mode,
    t.effective_mode,
    t.reason,
    t.status,
    t.is_populated,
    t.frontier::text AS frontier,
    t.data_timestamp,
    clock_timestamp() - t.data_timestamp AS staleness,
    ARRAY(
        SELECT d.source_name FROM pgtrickle.pgt_dependencies d WHERE d.pgt_id = t.pgt_id ORDER BY 1
    ) AS sources,
    t.created_at,
    t.updated_at
FROM pgtrickle.pgt_stream_tables t;

-- Called by the capture functions, with the rights of their owner.
CREATE FUNCTION pgtrickle_changes.note_gap(source oid, reason text)
RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO pgtrickle.pgt_capture_gaps (source_oid, reason)
    SELECT source, reason
    WHERE NOT EXISTS (
        SELECT FROM pgtrickle.pgt_capture_gaps g
        WHERE g.source_oid = source AND g.xid = pg_current_xact_id()
    );
END;
REVOKE ALL ON FUNCTION pgtrickle_changes.note_gap FROM PUBLIC;

CREATE FUNCTION pgtrickle_changes.is_descendant(child oid, ancestor oid)
RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH RECURSIVE ancestors (relid) AS (
        SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = child
        UNION
        SELECT i.inhparent FROM ancestors a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.relid
    )
    SELECT EXISTS (SELECT FROM ancestors a WHERE a.relid = ancestor);
END;
REVOKE ALL ON FUNCTION pgtrickle_changes.is_descendant FROM PUBLIC;

-- All that the capture of a source rests on, as the catalogs say it. A function, so that its plans are kept: planning
-- takes several times as long as running them, and every refresh asks.
CREATE FUNCTION pgtrickle_changes.capture_facts(source oid, attnums smallint[])
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $facts$
DECLARE
    family oid[] := ARRAY[source];
    parents oid[] := '{}';
    generated jsonb;
BEGIN
    IF EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = source)
        OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = source)
    THEN
        family := ARRAY(
            WITH RECURSIVE members (relid) AS (
                SELECT source
                UNION
                SELECT i.inhrelid
                FROM members m
                JOIN pg_inherits i ON i.inhparent = m.relid
                WHERE NOT i.inhdetachpending
            )
            SELECT m.relid FROM members m
        );
        parents := ARRAY(
            WITH RECURSIVE ancestors (relid) AS (
                SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = ANY (family)
                UNION
                SELECT i.inhparent FROM ancestors a JOIN pg_inherits i ON i.inhrelid = a.relid
            )
            SELECT a.relid FROM ancestors a
        );
    END IF;
    IF EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = source AND a.attnum = ANY (attnums) AND a.attgenerated <> ''
    ) THEN
        generated := (
            SELECT jsonb_object_agg(d.adrelid::text || ' ' || d.adnum::text, d.oid::text)
            FROM pg_attribute o
            JOIN pg_attribute a ON a.attrelid = ANY (family) AND a.attname = o.attname AND a.attgenerated <> ''
            JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE o.attrelid = source AND o.attnum = ANY (attnums) AND o.attgenerated <> ''
        );
    END IF;
    RETURN jsonb_build_object(
        -- An unlogged table is emptied by a crash, without a trigger.
        'relations', (
            SELECT jsonb_object_agg(r.oid::text, r.relkind::text || r.relpersistence::text)
            FROM pg_class r
            WHERE r.oid = ANY (family)
        ),
        -- Oid and xmin: a trigger that was away for a while comes back as another one, or as another version.
        'triggers', (
            SELECT jsonb_object_agg(
                t.tgrelid::text || ' ' || t.tgname::text,
                t.oid::text || ' ' || t.tgenabled::text || ' ' || t.tgfoid::text || ' ' || t.xmin::text
            )
            FROM pg_trigger t
            WHERE t.tgrelid = ANY (family) AND starts_with(t.tgname::text, 'pgtrickle_' || source::text || '_')
        ),
        'columns', (
            SELECT jsonb_object_agg(
                a.attnum::text,
                a.atttypid::text || ' ' || a.atttypmod::text || ' ' || a.attcollation::text
            )
            FROM pg_attribute a
            WHERE a.attrelid = source AND a.attnum = ANY (attnums) AND NOT a.attisdropped
        ),
        -- A generation expression that is exchanged changes values without a trigger.
        'generated', generated,
        'captured', (
            SELECT p.oid::text
            FROM pg_proc p
            WHERE p.proname = 'captured_' || source::text
              AND p.pronamespace = 'pgtrickle_changes'::regnamespace
        ),
        'subscribed', EXISTS (
            SELECT FROM pg_subscription_rel s WHERE s.srrelid = ANY (family || parents)
        ),
        -- Statements that name such a parent reach rows of the source without naming it.
        'has_other_parents', NOT parents <@ family
    );
END
$facts$;
REVOKE ALL ON FUNCTION pgtrickle_changes.capture_facts FROM PUBLIC;
