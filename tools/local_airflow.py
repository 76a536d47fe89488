"""A whole Airflow in a directory of its own: DAG processor, scheduler with LocalExecutor, API server.

For the demo and for tests that want the real thing. Everything is told by environment variables, nothing is
written outside the home; processes are ended by the ids of those started here.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

BIN = Path(sys.executable).parent
COMPONENTS = ("api-server", "scheduler", "dag-processor")

START_TIMEOUT = 180.0
STOP_TIMEOUT = 10.0
FINISHED = ("success", "failed")


class AirflowError(Exception):
    """A part of Airflow did not do what was asked; the message ends with its log."""


@dataclass(frozen=True)
class TaskInstance:
    """The state of a task in a run."""

    task_id: str
    state: str | None
    try_number: int
    seconds: float | None


class LocalAirflow:
    """Airflow with the DAGs of one folder, as a context manager.

    ``connections`` are Airflow connections by id (URI or JSON), ``options`` further environment variables.
    ``users`` maps names to roles of the simple auth manager; each has its name as password, and the first of
    them is whose requests this object makes. Without users everybody is an administrator.
    ``triggerer``: whether there is one, for what is deferred and for watched assets. ``programs``: the folder
    of the ``airflow`` to run.
    """

    def __init__(
        self,
        home: Path,
        dags: Path,
        *,
        connections: Mapping[str, str],
        options: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
        parallelism: int = 2,
        triggerer: bool = False,
        programs: Path = BIN,
    ) -> None:
        self.home = home.resolve()
        self.programs = programs
        self.port = _free_port()
        self.environment = os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags.resolve()),
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(parallelism),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__WORKERS": "1",
            # The address at which tasks report; it is not derived from the port.
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            **{f"AIRFLOW_CONN_{name.upper()}": value for name, value in connections.items()},
            **(options or {}),
        }
        self.users = dict(users or {})
        if self.users:
            passwords = self.home / "passwords.json"
            self.home.mkdir(parents=True, exist_ok=True)
            passwords.write_text(json.dumps({name: name for name in self.users}))
            self.environment |= {
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
                    f"{name}:{role}" for name, role in self.users.items()
                ),
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            }
        self._components = (*COMPONENTS, "triggerer") if triggerer else COMPONENTS
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Make or migrate the metadata database, start the components and wait until they answer."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.command("db", "migrate")
        for component in self._components:
            with self._log(component).open("wb") as log:
                self._processes[component] = subprocess.Popen(
                    [self.programs / "airflow", component],
                    env=self.environment,
                    cwd=self.home,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        self._wait(self._healthy, START_TIMEOUT, "Airflow's components to answer")
        self._client.headers["Authorization"] = f"Bearer {self.token(next(iter(self.users), None))}"

    @property
    def url(self) -> str:
        """Where the API server listens."""
        return f"http://127.0.0.1:{self.port}"

    def token(self, user: str | None = None) -> str:
        """A token for requests of this user's."""
        if user is None:
            answer = self._client.get("/auth/token")
        else:
            answer = self._client.post("/auth/token", json={"username": user, "password": user})
        return str(answer.raise_for_status().json()["access_token"])

    def stop(self) -> None:
        """End what was started: SIGINT lets the components end their children; what remains is killed."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + STOP_TIMEOUT
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            # Each component leads a session of its own, so its group holds whatever it left behind.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()
        self._client.close()

    def command(self, *arguments: str, timeout: float = START_TIMEOUT) -> str:
        """Run an ``airflow`` command and return what it prints."""
        done = subprocess.run(
            [self.programs / "airflow", *arguments],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode != 0:
            raise AirflowError(
                f"airflow {' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-3000:]}"
            )
        return done.stdout

    def wait_for_dag(self, dag_id: str, timeout: float = START_TIMEOUT) -> None:
        """Wait until the DAG processor has read the DAG. Raises AirflowError with its import error."""

        def known() -> bool:
            errors = self.get("/api/v2/importErrors")["import_errors"]
            if errors:
                raise AirflowError(errors[0]["stack_trace"])
            return self._client.get(f"/api/v2/dags/{quote(dag_id)}").status_code == httpx.codes.OK

        self._wait(known, timeout, f"DAG {dag_id}")

    def trigger(self, dag_id: str) -> str:
        """Start a run of the DAG and return its id."""
        answer = self._client.post(f"/api/v2/dags/{quote(dag_id)}/dagRuns", json={"logical_date": None})
        return str(answer.raise_for_status().json()["dag_run_id"])

    def unpause(self, dag_id: str) -> None:
        """Let the schedule of a DAG start runs."""
        answer = self._client.patch(f"/api/v2/dags/{quote(dag_id)}", json={"is_paused": False})
        answer.raise_for_status()

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The runs of a DAG, the first first."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns?order_by=id&limit=100"
        found: list[dict[str, Any]] = self.get(path)["dag_runs"]
        return found

    def run_state(self, dag_id: str, run_id: str) -> str:
        """The state of a run."""
        return str(self.get(f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}")["state"])

    def wait_for_run(
        self, dag_id: str, run_id: str, timeout: float = 300.0, tick: Callable[[], None] | None = None
    ) -> str:
        """Wait until a run is finished and return its state; ``tick`` is called at each look."""

        def finished() -> bool:
            if tick is not None:
                tick()
            return self.run_state(dag_id, run_id) in FINISHED

        self._wait(finished, timeout, f"run {run_id} of {dag_id}")
        return self.run_state(dag_id, run_id)

    def task_instances(self, dag_id: str, run_id: str) -> dict[str, TaskInstance]:
        """The tasks of a run by task id."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances?limit=1000"
        return {
            row["task_id"]: TaskInstance(row["task_id"], row["state"], row["try_number"], row["duration"])
            for row in self.get(path)["task_instances"]
        }

    def result(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """What a task returned."""
        path = (
            f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances/{quote(task_id)}"
            "/xcomEntries/return_value?deserialize=true"
        )
        return self.get(path)["value"]

    def clear(self, dag_id: str, run_id: str, *task_ids: str) -> None:
        """Let tasks of a finished run, and what comes after them, run again."""
        answer = self._client.post(
            f"/api/v2/dags/{quote(dag_id)}/clearTaskInstances",
            json={
                "dry_run": False,
                "dag_run_id": run_id,
                "task_ids": list(task_ids),
                "include_downstream": True,
                "only_failed": False,
                "reset_dag_runs": True,
            },
        )
        answer.raise_for_status()

    def task_log(self, dag_id: str, run_id: str, task_id: str) -> str:
        """What the tries of a task have logged, from its log files; ``task_id`` may be a pattern."""
        pattern = f"logs/dag_id={dag_id}/run_id={run_id}/task_id={task_id}/*.log"
        lines = [line for path in sorted(self.home.glob(pattern)) for line in path.read_text().splitlines()]
        return "\n".join(map(_readable, lines))[-6000:]

    def _healthy(self) -> bool:
        for component, process in self._processes.items():
            if process.poll() is not None:
                raise AirflowError(f"airflow {component} ended:\n{self._log_tail(component)}")
        try:
            health = self._client.get("/api/v2/monitor/health").json()
        except (httpx.HTTPError, json.JSONDecodeError):
            return False
        return all(
            health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor")
        )

    def text(self, path: str) -> str:
        """The text of a page."""
        return self._client.get(path, follow_redirects=True).raise_for_status().text

    def post(self, path: str, content: Any) -> Any:
        """What the API server answers to a POST."""
        return self._client.post(path, json=content).raise_for_status().json()

    def get(self, path: str) -> Any:
        """What the API server answers to a GET."""
        return self._client.get(path).raise_for_status().json()

    def _wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                logs = "\n".join(self._log_tail(component) for component in self._components)
                raise AirflowError(f"Waited {timeout:.0f} s in vain for {what}.\n{logs}")
            time.sleep(0.2)

    def _log(self, component: str) -> Path:
        return self.home / f"{component}.log"

    def _log_tail(self, component: str) -> str:
        path = self._log(component)
        return f"--- {component}\n{path.read_text(errors='replace')[-2000:]}" if path.exists() else ""


def _readable(line: str) -> str:
    """A line of Airflow's JSON logs as text: level, message, and the errors that led to it."""
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return line
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in record.get("error_detail") or ()]
    return "\n    ".join([f"{record.get('level', '')} {record.get('event', '')}", *errors])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
