-- CASCADE reaches our own triggers and nothing else.
DROP FUNCTION IF EXISTS {function} CASCADE
