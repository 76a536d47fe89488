"""The engine: stream tables on plain PostgreSQL. Imports nothing of Airflow."""
