"""What all operators have: a connection, and an end when the task is killed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from airflow.sdk import BaseOperator

from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook


class StreamTableOperator(BaseOperator):
    """Base of the operators: one connection, cancelled when the task is killed.

    :param pgtrickle_conn_id: an Airflow connection of type ``pgtrickle`` or ``postgres``
    """

    template_fields: Sequence[str] = ("pgtrickle_conn_id",)
    ui_color = "#d7ecea"

    def __init__(self, *, pgtrickle_conn_id: str = PgTrickleHook.default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pgtrickle_conn_id = pgtrickle_conn_id

    @cached_property
    def hook(self) -> PgTrickleHook:
        """The hook of this task's connection."""
        return PgTrickleHook(self.pgtrickle_conn_id)

    def on_kill(self) -> None:
        """Stop what the server is doing for this task; the stream table stays as it was."""
        self.hook.cancel()
