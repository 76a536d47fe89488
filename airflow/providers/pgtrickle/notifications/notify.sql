SELECT pg_catalog.pg_notify(%(channel)s, %(payload)s)
