"""Bringing a database to what a configuration file declares: looking first, or doing it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.pgtrickle.converge import Convergence, apply_plan, converge_plan, step_values
from airflow.providers.pgtrickle.factory.config import load
from airflow.providers.pgtrickle.factory.plan import plan
from airflow.providers.pgtrickle.links.pgtrickle import StreamTablesLink
from airflow.providers.pgtrickle.operators.base import StreamTableOperator

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink, Context

    from airflow.providers.pgtrickle.engine.api import PgTrickle


class StreamTablesPlanOperator(StreamTableOperator):
    """Says what would have to be done so that the database is as a configuration file declares it.

    Changes nothing. The XCom result is a list of dicts: ``action`` (``create``, ``rebuild``, ``alter``,
    ``drop``, ``leave``, ``keep``), ``stream_table``, ``reason``, ``refresh_mode``, ``rows``, ``cost``,
    ``lost``, ``problem``. Raises the first problem.

    :param config: path of the file; a relative one is relative to the DAG file
    :param drop: whether to drop what the configuration declares no more
    """

    template_fields: Sequence[str] = ("config", *StreamTableOperator.template_fields)
    operator_extra_links: Sequence[BaseOperatorLink] = (StreamTablesLink(),)

    def __init__(self, *, config: str, drop: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.drop = drop

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the steps."""
        with self.hook.get_engine() as engine:
            steps = self._plan(engine, estimate=True)
        for step in steps.changes:
            self.log.info("%s: %s. %s", step.stream_table, step.action, step.reason)
        if steps.problems:
            raise steps.problems[0]
        return [step_values(step) for step in steps.steps]

    def _plan(self, engine: PgTrickle, *, estimate: bool) -> Convergence:
        dag = self.get_dag()
        folder = Path.cwd() if dag is None else Path(dag.fileloc).parent
        planned = plan(load(folder / self.config, os.environ))
        return converge_plan(
            engine,
            planned.config.name,
            [entry.definition for entry in planned.config.entries],
            others=planned.unselected,
            drop=self.drop,
            estimate=estimate,
        )


class StreamTablesApplyOperator(StreamTablesPlanOperator):
    """Does what StreamTablesPlanOperator says; the result are the steps that changed something.

    Each step happens as a whole or not at all; a retry does what is missing.

    :param config: path of the file; a relative one is relative to the DAG file
    :param drop: whether to drop what the configuration declares no more
    :param recreate: whether to drop and create again what reads a stream table whose new columns it cannot
        follow
    """

    def __init__(self, *, recreate: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.recreate = recreate

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the steps that changed something."""
        with self.hook.get_engine() as engine:
            engine.install()
            done = apply_plan(
                engine,
                self._plan(engine, estimate=False),
                recreate=self.recreate,
                told=lambda step: self.log.info("%s: %s. %s", step.stream_table, step.action, step.reason),
            )
        return [step_values(step) for step in done]
