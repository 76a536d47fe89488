INSERT INTO pgtrickle.pgt_migrations (version, name) VALUES (%s, %s)
