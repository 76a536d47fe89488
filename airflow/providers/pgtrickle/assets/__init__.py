"""Stream tables as Airflow assets."""
