"""What Airflow asks of a provider at start: the content of provider.yaml that matters at run time.

Written by tools/provider_info.py. Airflow itself does not start when this does not hold against its schema;
tests check both.
"""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """All that the provider brings, as Airflow's schema asks for it."""
    return {
        "package-name": "apache-airflow-providers-pgtrickle",
        "name": "PgTrickle",
        "description": "Stream tables on plain PostgreSQL: query results kept exact by incremental view maintenance.\n",
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
                "python-modules": [
                    "airflow.providers.pgtrickle.operators.base",
                    "airflow.providers.pgtrickle.operators.checks",
                    "airflow.providers.pgtrickle.operators.converge",
                    "airflow.providers.pgtrickle.operators.manage",
                    "airflow.providers.pgtrickle.operators.pgtrickle",
                    "airflow.providers.pgtrickle.operators.refresh",
                ],
            }
        ],
        "sensors": [
            {
                "integration-name": "PgTrickle",
                "python-modules": ["airflow.providers.pgtrickle.sensors.pgtrickle"],
            }
        ],
        "triggers": [
            {
                "integration-name": "PgTrickle",
                "python-modules": [
                    "airflow.providers.pgtrickle.triggers.freshness",
                    "airflow.providers.pgtrickle.triggers.sources",
                ],
            }
        ],
        "extra-links": [
            "airflow.providers.pgtrickle.links.pgtrickle.StreamTableLink",
            "airflow.providers.pgtrickle.links.pgtrickle.StreamTablesLink",
        ],
        "notifications": ["airflow.providers.pgtrickle.notifications.pgtrickle.PgTrickleNotifier"],
        "asset-uris": [
            {
                "schemes": ["pgtrickle"],
                "handler": "airflow.providers.pgtrickle.assets.pgtrickle.sanitize_uri",
                "factory": "airflow.providers.pgtrickle.assets.pgtrickle.create_asset",
                "to_openlineage_converter": "airflow.providers.pgtrickle.assets.pgtrickle.convert_asset_to_openlineage",
            }
        ],
        "plugins": [
            {
                "name": "pgtrickle",
                "plugin-class": "airflow.providers.pgtrickle.plugins.pgtrickle.PgTricklePlugin",
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
                        "extra": '{"application_name": "airflow", "connect_timeout": 10}',
                    },
                },
                "conn-fields": {
                    "sslmode": {
                        "label": "SSL mode",
                        "description": "Whether and how the connection is encrypted and the server's certificate checked.",
                        "schema": {
                            "type": "string",
                            "enum": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
                            "default": "prefer",
                        },
                    }
                },
            }
        ],
        "task-decorators": [
            {
                "name": "stream_table",
                "class-name": "airflow.providers.pgtrickle.decorators.stream_table.stream_table_task",
            }
        ],
        "config": {
            "pgtrickle": {
                "description": "How the engine waits, tries again, keeps and decides when Airflow runs it. What is not set is as the\nenvironment variables PGTRICKLE_… say, then as the engine has it. No setting changes what a stream\ntable holds.\n",
                "options": {
                    "lock_timeout": {
                        "description": "Seconds that a request for a strong lock on a user's table may queue before it is made again.\n",
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": "2.0",
                        "default": None,
                    },
                    "lock_attempts": {
                        "description": "How often such a request is made in all.",
                        "version_added": "0.1.0",
                        "type": "integer",
                        "example": "10",
                        "default": None,
                    },
                    "refresh_attempts": {
                        "description": "How often a refresh is made within one try of its task when PostgreSQL reports a transient error.",
                        "version_added": "0.1.0",
                        "type": "integer",
                        "example": "3",
                        "default": None,
                    },
                    "statement_timeout": {
                        "description": "Seconds that one statement of a refresh may run; 0 for no limit.",
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": "0",
                        "default": None,
                    },
                    "full_threshold": {
                        "description": "Share of a source's rows, between 0 and 1, that may change before the whole query is computed anew.\n",
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": "0.25",
                        "default": None,
                    },
                    "history_retention": {
                        "description": "Seconds for which finished refreshes stay in the history.",
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": "2592000",
                        "default": None,
                    },
                    "run_retention": {
                        "description": "Seconds for which the frontiers of runs are kept, so that their tasks can be tried again.",
                        "version_added": "0.1.0",
                        "type": "float",
                        "example": "604800",
                        "default": None,
                    },
                    "page_connections": {
                        "description": "Connections that the page of the stream tables offers to everybody who may see\nplugins, separated by commas; besides those of type pgtrickle that a user may\nread, and those that tasks of a user's DAGs have worked with.\n",
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "shop_db, warehouse",
                        "default": "",
                    },
                },
            }
        },
    }
