CREATE INDEX ON {storage} (__pgt_row_hash)
