"""What Airflow reads about this provider: the target of the entry point ``apache_airflow_provider``."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Describe the provider in the form of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "apache-airflow-providers-pgtrickle",
        "name": "pgtrickle",
        "description": "Stream tables: incremental view maintenance on plain PostgreSQL.",
    }
