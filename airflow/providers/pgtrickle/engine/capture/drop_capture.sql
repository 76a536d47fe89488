-- CASCADE reaches our own triggers and nothing else.
DROP FUNCTION IF EXISTS {capture}, {capture_descendant}, {capture_row} CASCADE;
DROP FUNCTION IF EXISTS {captured};
DROP TABLE IF EXISTS {buffer}
