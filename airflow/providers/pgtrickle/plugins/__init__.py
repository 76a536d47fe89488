"""What Airflow's own interface shows of stream tables."""
