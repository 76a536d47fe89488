"""The DAG of tpch_on_change.yaml."""

from airflow.providers.pgtrickle import pgtrickle_dag_factory

pgtrickle_dag_factory("tpch_on_change.yaml")
