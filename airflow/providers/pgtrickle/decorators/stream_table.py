"""``@task.stream_table``: a function that returns a query becomes the task that keeps a stream table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    DecoratedOperator,
    context_merge,
    determine_kwargs,
    task_decorator_factory,
)
from airflow.sdk.definitions._internal.types import SET_DURING_EXECUTION

from airflow.providers.pgtrickle.definitions import OnChange, StreamTableDefinition, ensure_stream_table
from airflow.providers.pgtrickle.engine.errors import InvalidOption
from airflow.providers.pgtrickle.operators.refresh import StreamTableRefreshOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import TaskDecorator
    from airflow.sdk import Context


class _StreamTableDecoratedOperator(DecoratedOperator, StreamTableRefreshOperator):
    """Sees that a stream table with the query that the function returns is there, then refreshes it.

    :param python_callable: returns the defining query
    :param op_args: its positional arguments, templates
    :param op_kwargs: its keyword arguments, templates
    :param refresh_mode: ``AUTO``, ``DIFFERENTIAL`` (refuse a query that deltas cannot maintain) or ``FULL``
    :param indexes: column names of each index to create with the stream table
    :param on_change: what to do when it exists with another definition: ``error`` or ``alter``
    """

    template_fields: Sequence[str] = (
        "query",
        *DecoratedOperator.template_fields,
        *StreamTableRefreshOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **DecoratedOperator.template_fields_renderers,
        **StreamTableRefreshOperator.template_fields_renderers,
        "query": "sql",
    }
    custom_operator_name: str = "@task.stream_table"
    overwrite_rtif_after_execution: bool = True

    def __init__(
        self,
        *,
        python_callable: Callable[..., str],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        refresh_mode: str = "AUTO",
        indexes: Sequence[Sequence[str]] = (),
        on_change: OnChange = "error",
        **kwargs: Any,
    ) -> None:
        super().__init__(python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, **kwargs)
        self.query: Any = SET_DURING_EXECUTION
        self.refresh_mode = refresh_mode
        self.indexes = indexes
        self.on_change = on_change

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the result of the refresh as a dict."""
        context_merge(context, self.op_kwargs)
        arguments = determine_kwargs(self.python_callable, self.op_args, context)
        query = self.python_callable(*self.op_args, **arguments)
        if not isinstance(query, str) or not query.strip():
            raise InvalidOption(
                f"The function of {self.stream_table} returned {query!r}.",
                hint="Return the text of the defining query.",
                subject=self.stream_table,
            )
        self.query = query
        definition = StreamTableDefinition(
            name=self.stream_table,
            query=query,
            refresh_mode=self.refresh_mode,
            indexes=tuple(tuple(columns) for columns in self.indexes),
        )
        with self.hook.get_engine() as engine:
            engine.install()
            outcome = ensure_stream_table(engine, definition, on_change=self.on_change)
        self.log.info("%s %s", self.stream_table, outcome)
        result: dict[str, Any] = super().execute(context)
        return result


def stream_table_task(python_callable: Callable[..., str] | None = None, **kwargs: Any) -> TaskDecorator:
    """Make a task of a function that returns a defining query.

    ::

        @task.stream_table(stream_table="shop.revenue", pgtrickle_conn_id="shop_db")
        def revenue() -> str:
            return "SELECT customer, sum(amount) AS total FROM shop.orders GROUP BY customer"

    What the function returns is no template. Keyword arguments are those of StreamTableRefreshOperator, and
    ``refresh_mode``, ``indexes`` and ``on_change``. The result is that of the refresh.
    """
    return task_decorator_factory(
        python_callable=python_callable,
        decorated_operator_class=_StreamTableDecoratedOperator,
        **kwargs,
    )
