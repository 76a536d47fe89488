DO $adopt$
DECLARE
    part record;
    kept pgtrickle.pgt_dependencies[];
BEGIN
    FOR part IN
        SELECT t.tgname, c.relname, n.nspname
        FROM pg_catalog.pg_trigger t
        JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
        WHERE p.pronamespace = 'pgtrickle_changes'::pg_catalog.regnamespace AND t.tgparentid = 0
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER %I ON %I.%I', part.tgname, part.nspname, part.relname);
    END LOOP;
    -- All that is named for the oid of a source.
    FOR part IN
        SELECT p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments
        FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'pgtrickle_changes'::pg_catalog.regnamespace AND p.proname ~ '_[0-9]+$'
    LOOP
        EXECUTE pg_catalog.format('DROP FUNCTION pgtrickle_changes.%I(%s)', part.proname, part.arguments);
    END LOOP;
    FOR part IN
        SELECT c.relname
        FROM pg_catalog.pg_class c
        WHERE c.relnamespace = 'pgtrickle_changes'::pg_catalog.regnamespace
          AND c.relkind = 'r'
          AND c.relname ~ '^changes_[0-9]+$'
    LOOP
        EXECUTE pg_catalog.format('DROP TABLE pgtrickle_changes.%I', part.relname);
    END LOOP;
    DELETE FROM pgtrickle.pgt_capture;
    DELETE FROM pgtrickle_changes.survivors;
    DELETE FROM pgtrickle.pgt_capture_gaps;
    DELETE FROM pgtrickle.pgt_runs;
    DELETE FROM pgtrickle.pgt_versions;
    UPDATE pgtrickle.pgt_stream_tables t
    SET frontier = NULL,
        versions = '{}',
        fingerprint = '{"restored": true}',
        view_oid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', t.pgt_schema, t.pgt_name)),
        storage_oid = pg_catalog.to_regclass(pg_catalog.format('pgtrickle_data.st_%s_%s', t.pgt_id, t.generation));
    -- Not an UPDATE: the new oid of one source may be the old one of another.
    kept := ARRAY(SELECT d FROM pgtrickle.pgt_dependencies d);
    DELETE FROM pgtrickle.pgt_dependencies;
    INSERT INTO pgtrickle.pgt_dependencies (pgt_id, source_oid, source_name, source_kind, upstream_pgt_id, columns)
    SELECT d.pgt_id, s.relation, d.source_name, d.source_kind, d.upstream_pgt_id, d.columns
    FROM pg_catalog.unnest(kept) AS d
    LEFT JOIN pgtrickle.pgt_stream_tables u ON u.pgt_id = d.upstream_pgt_id
    CROSS JOIN LATERAL (
        SELECT COALESCE(u.storage_oid, pg_catalog.to_regclass(d.source_name)::pg_catalog.oid) AS relation
    ) AS s
    WHERE s.relation IS NOT NULL;
    DELETE FROM pgtrickle.pgt_server;
    INSERT INTO pgtrickle.pgt_server SELECT system_identifier FROM pg_catalog.pg_control_system();
END
$adopt$
