SELECT version FROM pgtrickle.pgt_migrations ORDER BY version
