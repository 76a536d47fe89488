-- Two installations at once would trip over each other's CREATE; the number is arbitrary but ours.
SELECT pg_catalog.pg_advisory_xact_lock(7305808869231256)
