CREATE INDEX ON {storage} ({columns})
