"""What reads what: the graph of stream tables and their sources; pure."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.graph.graph import CircularDependency, Graph, Node
from airflow.providers.pgtrickle.engine.graph.select import InvalidSelector, select

__all__ = ["CircularDependency", "Graph", "InvalidSelector", "Node", "select"]
