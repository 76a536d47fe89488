"""What Airflow asks of a provider at start: the content of provider.yaml that matters at run time.

Airflow itself does not start when this does not hold against its schema; tests check both.
"""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """The provider's hooks, operators, sensors and connection type."""
    return {
        "package-name": "apache-airflow-providers-pgtrickle",
        "name": "PgTrickle",
        "description": (
            "Stream tables on plain PostgreSQL: query results kept exact by incremental view maintenance.\n"
        ),
        "integrations": [
            {
                "integration-name": "PgTrickle",
                "external-doc-url": "https://www.postgresql.org/",
                "tags": ["software"],
            }
        ],
        "hooks": [
            {
                "integration-name": "PgTrickle",
                "python-modules": ["airflow.providers.pgtrickle.hooks.pgtrickle"],
            }
        ],
        "operators": [
            {
                "integration-name": "PgTrickle",
                "python-modules": ["airflow.providers.pgtrickle.operators.pgtrickle"],
            }
        ],
        "sensors": [
            {
                "integration-name": "PgTrickle",
                "python-modules": ["airflow.providers.pgtrickle.sensors.pgtrickle"],
            }
        ],
        "connection-types": [
            {
                "connection-type": "pgtrickle",
                "hook-class-name": "airflow.providers.pgtrickle.hooks.pgtrickle.PgTrickleHook",
                "hook-name": "PgTrickle",
                "ui-field-behaviour": {
                    "relabeling": {"schema": "Database"},
                    "placeholders": {
                        "port": "5432",
                        "extra": '{"sslmode": "require", "application_name": "airflow"}',
                    },
                },
            }
        ],
    }
