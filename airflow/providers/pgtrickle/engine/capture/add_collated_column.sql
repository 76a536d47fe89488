ALTER TABLE {buffer} ADD COLUMN {column} {type} COLLATE {collation}
