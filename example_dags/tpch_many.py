"""Two hundred stream tables from a loop: the configuration may be a mapping instead of a file.

Granularity ``level``: a task for each of the four levels, its tables refreshed in parallel. A task for each
table would take Airflow longer than the refreshes.
"""

from airflow.providers.pgtrickle import pgtrickle_dag_factory

CLERKS = range(1, 67)

ORDERS = "SELECT * FROM tpch.orders WHERE o_clerk = 'Clerk#NUMBER'"
TOTALS = """
    SELECT date_part('PERIOD', o_orderdate) AS period, sum(o_totalprice) AS total
    FROM tpch.clerk_NUMBER
    GROUP BY 1
"""
ONE_OF_ALL = "SELECT NUMBER AS clerk, period AS year, total FROM tpch.clerk_NUMBER_by_year"

stream_tables = [
    {"name": f"tpch.clerk_{clerk}", "group": "clerks", "query": ORDERS.replace("NUMBER", f"{clerk:09}")}
    for clerk in CLERKS
]
stream_tables += [
    {
        "name": f"tpch.clerk_{clerk}_by_{period}",
        "group": "clerks",
        "query": TOTALS.replace("NUMBER", str(clerk)).replace("PERIOD", period),
    }
    for clerk in CLERKS
    for period in ("month", "year")
]
stream_tables += [
    {
        "name": "tpch.clerks_by_year",
        "group": "offices",
        "query": " UNION ALL ".join(ONE_OF_ALL.replace("NUMBER", str(clerk)) for clerk in CLERKS),
    },
    {
        "name": "tpch.office_by_year",
        "group": "offices",
        "query": "SELECT year, sum(total) AS total, count(*) AS clerks FROM tpch.clerks_by_year GROUP BY 1",
        "export": True,
    },
]

pgtrickle_dag_factory(
    {
        "version": 1,
        "dag": {"dag_id": "tpch_many", "schedule": None, "tags": ["pgtrickle", "example"]},
        "connection": "tpch_db",
        "granularity": "level",
        "groups": {"clerks": {"tags": ["clerk"]}, "offices": None},
        "stream_tables": stream_tables,
    }
)
