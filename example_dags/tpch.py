"""The DAG of tpch.yaml."""

from airflow.providers.pgtrickle import pgtrickle_dag_factory

pgtrickle_dag_factory("tpch.yaml")
