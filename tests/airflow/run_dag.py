"""Execute DAGs by ``dag.test()`` a number of times, changing base tables before each run but the first.

    python -m tests.airflow.run_dag FOLDER DAG_ID[,DAG_ID…] ROUNDS shop|tpch DSN

The last line printed is JSON: for each DAG, and each run of it, its state, the states of its tasks and what
they returned.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import psycopg
from airflow.dag_processing.dagbag import DagBag

from tests.airflow import shop
from tools import tpch_data


def main(folder: str, dag_ids: str, rounds: str, data: str, dsn: str) -> None:
    found = DagBag(folder, bundle_path=Path(folder), bundle_name="dags-folder")
    assert not found.import_errors, found.import_errors
    print(
        json.dumps(
            {dag_id: reports(found.dags[dag_id], rounds, data, dsn) for dag_id in dag_ids.split(",")},
            default=list,  # results of mapped tasks
        )
    )


def reports(dag: Any, rounds: str, data: str, dsn: str) -> list[dict[str, Any]]:
    made = []
    for number in range(int(rounds)):
        if number and data == "shop":
            shop.write(dsn, number)
        elif number:
            with psycopg.connect(dsn) as connection:
                tpch_data.change(connection)
        run = dag.test()
        tasks = run.get_task_instances()
        made.append(
            {
                "state": str(run.state),
                "tasks": {task.task_id: str(task.state) for task in tasks},
                "results": {task.task_id: task.xcom_pull(task_ids=task.task_id) for task in tasks},
            }
        )
    return made


if __name__ == "__main__":
    main(*sys.argv[1:])
