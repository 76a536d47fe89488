"""How long the factory takes: from the path of a configuration file to the DAG, imports done.

Half of the stream tables read another one. `raw` is what Airflow itself needs for the same operators, groups
and edges; `limit` is the promise.
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from airflow.sdk import DAG, TaskGroup
from rich.console import Console
from rich.table import Table

from airflow.providers.pgtrickle.factory.build import build_dag
from airflow.providers.pgtrickle.factory.config import load
from airflow.providers.pgtrickle.factory.plan import plan
from airflow.providers.pgtrickle.operators.pgtrickle import StreamTableRefreshOperator

LIMITS_MS = {50: 20.0, 500: 120.0, 2000: 600.0}
ROUNDS = 5

QUERY = """\
SELECT o.customer_id, count(*) AS orders, sum(o.amount * (1 - o.discount)) AS revenue
FROM shop.orders_{number} AS o
JOIN {upstream} AS u ON u.customer_id = o.customer_id
WHERE o.status <> 'cancelled' AND o.placed_at >= date '2024-01-01'
GROUP BY o.customer_id
"""


def main() -> None:
    """Print the table."""
    gc.freeze()  # as Airflow's DAG processor does before it parses
    table = Table("tables", "config ms", "plan ms", "build ms", "total ms", "limit ms", "raw ms")
    with tempfile.TemporaryDirectory() as directory:
        for size, limit in LIMITS_MS.items():
            path = Path(directory, f"{size}.yaml")
            path.write_text(yaml.safe_dump(configuration(size), sort_keys=False))
            config = load(path, os.environ)
            planned = plan(config)
            steps = (
                best(lambda path=path: load(path, os.environ)),
                best(lambda config=config: plan(config)),
                best(lambda planned=planned: build_dag(planned)),
            )
            raw = best(lambda size=size: raw_dag(size))
            table.add_row(str(size), *(f"{value:.1f}" for value in (*steps, sum(steps), limit, raw)))
    Console().print(table)


def configuration(size: int) -> dict[str, object]:
    """A graph about log2(size) levels deep, in five groups."""
    tables = []
    for number in range(size):
        upstream = f"shop.customer_{number // 2}" if number % 2 else "shop.customers"
        tables.append(
            {
                "name": f"shop.customer_{number}",
                "group": f"group_{number % 5}",
                "query": QUERY.format(number=number, upstream=upstream),
            }
        )
    return {
        "version": 1,
        "dag": {"dag_id": f"bench_{size}", "schedule": None},
        "default": {"retries": 3},
        "groups": {f"group_{number}": None for number in range(5)},
        "stream_tables": tables,
    }


def raw_dag(size: int) -> None:
    """The same DAG written in Python."""
    with DAG(f"raw_{size}"):
        groups = [TaskGroup(f"group_{number}", prefix_group_id=False) for number in range(5)]
        tasks: list[StreamTableRefreshOperator] = []
        for number in range(size):
            task = StreamTableRefreshOperator(
                task_id=f"shop.customer_{number}",
                stream_table=f"shop.customer_{number}",
                retries=3,
                task_group=groups[number % 5],
            )
            tasks.append(task)
            if number % 2 and number > 1:
                task.set_upstream(tasks[number // 2])


def best(action: Callable[[], object]) -> float:
    """The best of several rounds, in milliseconds of the processor's time: nothing here waits."""
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        action()
        times.append((time.process_time() - begin) * 1000)
    return min(times)


if __name__ == "__main__":
    main()
