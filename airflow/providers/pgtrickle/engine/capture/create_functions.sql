DROP FUNCTION IF EXISTS {captured};

-- Bound to the source's columns when it is created, so that renaming, moving, adding and dropping others leaves it
-- whole, and PostgreSQL refuses to drop or retype a column that it reads. It is inlined to nothing. The parameters have
-- names because a dump has the body as PostgreSQL prints it, and it prints those without a name as "".
CREATE FUNCTION {captured}(source_row {source_type}, row_weight pg_catalog.int4)
RETURNS TABLE ({result})
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT {expressions}{stored};
END;
REVOKE ALL ON FUNCTION {captured} FROM PUBLIC;

CREATE OR REPLACE FUNCTION {capture}()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $capture$
BEGIN
    -- Gone only with a column that someone dropped by CASCADE: the application goes on, the next refresh is told.
    IF to_regproc('pgtrickle_changes.captured_{source}') IS NULL THEN
        PERFORM pgtrickle_changes.note_gap({source}, 'a captured column was dropped');
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO {buffer} ({columns})
        SELECT c.* FROM inserted, LATERAL {captured}(inserted.*, 1) AS c;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO {buffer} ({columns})
        SELECT c.* FROM deleted, LATERAL {captured}(deleted.*, -1) AS c;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO {buffer} ({columns})
        SELECT c.* FROM deleted, LATERAL {captured}(deleted.*, -1) AS c
        UNION ALL
        SELECT c.* FROM inserted, LATERAL {captured}(inserted.*, 1) AS c;
    ELSIF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        -- TRUNCATE also removes rows committed after this transaction's snapshot, which it cannot see.
        PERFORM pgtrickle_changes.note_gap({source}, 'truncated by a ' || current_setting('transaction_isolation')
            || ' transaction');
    ELSE
        EXECUTE format(
            $insert$
            INSERT INTO {buffer} ({columns})
            SELECT c.* FROM ONLY %s AS deleted, LATERAL {captured}(deleted.*, -1) AS c
            $insert$,
            TG_RELID::regclass
        );
    END IF;
    RETURN NULL;
END
$capture$;
REVOKE ALL ON FUNCTION {capture}() FROM PUBLIC;

-- The same for statements that name a partition or an inheritance child. Nothing here is bound to the child, so that
-- it can be dropped, detached and altered freely; its rows become rows of the source by PostgreSQL's own conversion.
CREATE OR REPLACE FUNCTION {capture_descendant}()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $capture$
DECLARE
    child_type text := (SELECT format_type(c.reltype, NULL) FROM pg_class c WHERE c.oid = TG_RELID);
    source_type text := (SELECT format_type(c.reltype, NULL) FROM pg_class c WHERE c.oid = {source});
    side text := $side$
        SELECT c.*
        FROM (SELECT ROW(t.*)::%2$s::%3$s AS r FROM %1$s AS t OFFSET 0) AS s, LATERAL {captured}(s.r, %4$s) AS c
        $side$;
    sides text;
BEGIN
    IF NOT pgtrickle_changes.is_descendant(TG_RELID, {source}) THEN
        RETURN NULL;
    ELSIF to_regproc('pgtrickle_changes.captured_{source}') IS NULL THEN
        PERFORM pgtrickle_changes.note_gap({source}, 'a captured column was dropped');
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        sides := format(side, 'inserted', child_type, source_type, 1);
    ELSIF TG_OP = 'DELETE' THEN
        sides := format(side, 'deleted', child_type, source_type, -1);
    ELSIF TG_OP = 'UPDATE' THEN
        sides := format(side, 'deleted', child_type, source_type, -1)
            || ' UNION ALL ' || format(side, 'inserted', child_type, source_type, 1);
    ELSIF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        PERFORM pgtrickle_changes.note_gap({source}, 'truncated by a ' || current_setting('transaction_isolation')
            || ' transaction');
        RETURN NULL;
    ELSE
        sides := format(side, 'ONLY ' || TG_RELID::regclass, child_type, source_type, -1);
    END IF;
    EXECUTE 'INSERT INTO {buffer} ({columns}) ' || sides;
    RETURN NULL;
END
$capture$;
REVOKE ALL ON FUNCTION {capture_descendant}() FROM PUBLIC;

-- The apply worker of a subscription fires no statement triggers.
CREATE OR REPLACE FUNCTION {capture_row}()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $capture$
BEGIN
    IF TG_RELID <> {source} AND NOT pgtrickle_changes.is_descendant(TG_RELID, {source}) THEN
        RETURN NULL;
    ELSIF to_regproc('pgtrickle_changes.captured_{source}') IS NULL THEN
        PERFORM pgtrickle_changes.note_gap({source}, 'a captured column was dropped');
        RETURN NULL;
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        INSERT INTO {buffer} ({columns}) SELECT c.* FROM {captured}(OLD, -1) AS c;
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO {buffer} ({columns}) SELECT c.* FROM {captured}(NEW, 1) AS c;
    END IF;
    RETURN NULL;
END
$capture$;
REVOKE ALL ON FUNCTION {capture_row}() FROM PUBLIC
