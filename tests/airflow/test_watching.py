"""Waiting without a worker: triggers against a real database, in an event loop of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.notifications.pgtrickle import PgTrickleNotifier
from airflow.providers.pgtrickle.triggers.freshness import StreamTableFreshnessTrigger
from airflow.providers.pgtrickle.triggers.sources import SourcesChangedTrigger
from airflow.providers.pgtrickle.watching import SharedConnection
from tests.airflow import shop

WATCHING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgtrickle watching'"


@pytest.fixture
def engine(shop_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PgTrickle]:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DB", shop_dsn)
    with PgTrickle.connect(shop_dsn) as trickle:
        trickle.install()
        trickle.create_stream_table("shop.total", shop.QUERIES["shop.total"])
        yield trickle


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a loop that complains about whatever blocks it for longer than a tenth of a second."""

    async def watched() -> Any:
        longest = 0.0
        task = asyncio.ensure_future(work)
        while not task.done():
            begin = time.perf_counter()
            await asyncio.sleep(0.01)
            longest = max(longest, time.perf_counter() - begin)
        assert longest < 1.5, "the loop was blocked"
        return await task

    return asyncio.run(asyncio.wait_for(watched(), 60))


def count(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        found: tuple[int] | None = connection.execute(WATCHING).fetchone()
        assert found is not None
        return found[0]


def freshness(max_staleness: float, stream_table: str = "shop.total") -> StreamTableFreshnessTrigger:
    return StreamTableFreshnessTrigger(
        stream_table=stream_table,
        max_staleness=max_staleness,
        pgtrickle_conn_id="shop_db",
        poll_interval=0.05,
    )


async def first(trigger: StreamTableFreshnessTrigger) -> Any:
    async for event in trigger.run():
        return event.payload
    return None


def test_freshness_trigger_is_made_again_from_what_it_says() -> None:
    path, arguments = freshness(5).serialize()
    assert path == "airflow.providers.pgtrickle.triggers.freshness.StreamTableFreshnessTrigger"
    assert StreamTableFreshnessTrigger(**arguments).serialize() == (path, arguments)


def test_freshness_trigger_tells_what_is_fresh_or_missing(engine: PgTrickle) -> None:
    assert run(first(freshness(3600)))["status"] == "fresh"
    assert run(first(freshness(3600, "shop.nothing"))) == {"status": "missing"}


def test_freshness_trigger_waits_for_a_refresh(engine: PgTrickle, shop_dsn: str) -> None:
    async def refresh_after_a_while() -> Any:
        await asyncio.sleep(1.0)
        waiting = asyncio.ensure_future(first(freshness(0.9)))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(engine.refresh_stream_table, "shop.total")
        return await waiting

    event = run(refresh_after_a_while())
    assert event["status"] == "fresh"
    assert 0 <= event["staleness_seconds"] <= 0.9
    assert engine.verify_stream_table("shop.total")


def test_all_watchers_share_a_connection_that_comes_back(engine: PgTrickle, shop_dsn: str) -> None:
    async def watch() -> list[Any]:
        await asyncio.sleep(0.6)
        waiting = [asyncio.ensure_future(first(freshness(0.5))) for _ in range(50)]
        await asyncio.sleep(0.5)
        assert await asyncio.to_thread(count, shop_dsn) == 1
        await asyncio.to_thread(
            shop.execute, shop_dsn, WATCHING.replace("count(*)", "pg_terminate_backend(pid)")
        )
        await asyncio.sleep(0.3)
        assert not any(task.done() for task in waiting)
        await asyncio.to_thread(engine.refresh_stream_table, "shop.total")
        return await asyncio.gather(*waiting)

    events = run(watch())
    assert {event["status"] for event in events} == {"fresh"}
    assert len(events) == 50
    assert count(shop_dsn) == 0


def test_lasting_error_is_an_event(engine: PgTrickle) -> None:
    engine.drop_stream_table("shop.total")
    engine.uninstall()
    event = run(first(freshness(1)))
    assert event["status"] == "error"
    assert "pgtrickle.pgt_stream_tables" in event["message"]


def changes(*sources: str, repeat_after: float = 600.0) -> SourcesChangedTrigger:
    return SourcesChangedTrigger(
        sources=list(sources),
        pgtrickle_conn_id="shop_db",
        poll_interval=0.05,
        repeat_after=repeat_after,
    )


class Events:
    """The events of a trigger so far."""

    def __init__(self, trigger: SourcesChangedTrigger) -> None:
        self.seen: list[Any] = []
        self.task = asyncio.ensure_future(self._collect(trigger.run()))

    async def _collect(self, events: AsyncIterator[Any]) -> None:
        async for event in events:
            self.seen.append(event.payload)

    async def soon(self, number: int) -> None:
        for _ in range(100):
            if len(self.seen) >= number:
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.3)  # and no more than that
        assert len(self.seen) == number, self.seen

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def test_changes_are_reported_once_for_each_frontier(engine: PgTrickle, shop_dsn: str) -> None:
    async def watch() -> None:
        events, others = Events(changes("SHOP.orders")), Events(changes("shop.customers"))
        await events.soon(0)
        for seed in (1, 2, 3):
            await asyncio.to_thread(shop.write, shop_dsn, seed)
        await events.soon(1)
        await asyncio.to_thread(engine.refresh_stream_table, "shop.total")
        await events.soon(1)
        await asyncio.to_thread(shop.write, shop_dsn, 4)
        await events.soon(2)
        assert others.seen == []
        await events.stop()
        await others.stop()
        assert events.seen == [{"sources": ["shop.orders"]}] * 2

    run(watch())


def test_transaction_that_commits_late_is_not_missed(engine: PgTrickle, shop_dsn: str) -> None:
    async def watch() -> None:
        with psycopg.connect(shop_dsn) as late:
            late.execute("INSERT INTO shop.orders VALUES (-1, 1, 1)")
            await asyncio.to_thread(shop.write, shop_dsn, 1)
            events = Events(changes("shop.orders"))
            await events.soon(1)
            await asyncio.to_thread(engine.refresh_stream_table, "shop.total")
            await events.soon(1)
            late.commit()
            await events.soon(2)
            await events.stop()

    run(watch())


def test_waiting_changes_are_reported_again_after_a_while(engine: PgTrickle, shop_dsn: str) -> None:
    async def watch() -> None:
        await asyncio.to_thread(shop.write, shop_dsn, 1)
        events = Events(changes("shop.orders", repeat_after=1.0))
        await events.soon(1)
        await asyncio.sleep(1.0)
        assert len(events.seen) == 2
        await events.stop()

    run(watch())


def test_suspended_stream_table_asks_for_nothing(engine: PgTrickle, shop_dsn: str) -> None:
    async def watch() -> None:
        await asyncio.to_thread(engine.suspend_stream_table, "shop.total")
        await asyncio.to_thread(shop.write, shop_dsn, 1)
        events = Events(changes("shop.orders"))
        await events.soon(0)
        await events.stop()

    run(watch())


def test_database_without_a_catalog_is_watched_until_there_is_one(shop_dsn: str, engine: PgTrickle) -> None:
    async def watch() -> None:
        await asyncio.to_thread(engine.uninstall, cascade=True)
        events = Events(changes("shop.orders"))
        await events.soon(0)
        await asyncio.to_thread(engine.install)
        await asyncio.to_thread(engine.create_stream_table, "shop.total", shop.QUERIES["shop.total"])
        await events.soon(0)
        await asyncio.to_thread(shop.write, shop_dsn, 1)
        await events.soon(1)
        await events.stop()

    run(watch())


def test_triggers_of_one_database_share_a_stream() -> None:
    one, other = changes("shop.orders"), changes("shop.customers")
    assert one.shared_stream_key() == other.shared_stream_key()
    elsewhere = SourcesChangedTrigger(sources=["shop.orders"], pgtrickle_conn_id="x", poll_interval=0.05)
    assert one.shared_stream_key() != elsewhere.shared_stream_key()


def test_notifier_reaches_those_who_listen(engine: PgTrickle, shop_dsn: str) -> None:
    with psycopg.connect(shop_dsn, autocommit=True) as listener:
        listener.execute("LISTEN alarms")
        notifier = PgTrickleNotifier(
            message="late: {{ what }}", channel="alarms", pgtrickle_conn_id="shop_db"
        )
        notifier({"what": 'it\'s "late"', "dag_run": {"dag_id": "shop", "dag_run_id": "r1"}})
        (heard,) = listener.notifies(timeout=10, stop_after=1)
        assert '"message": "late: it\'s \\"late\\""' in heard.payload
        assert '"dag_id": "shop", "run_id": "r1", "task_id": null' in heard.payload

        async def tell() -> None:
            await PgTrickleNotifier(
                message="m" * 9000, channel="alarms", pgtrickle_conn_id="shop_db"
            ).async_notify({})

        run(tell())
        (heard,) = listener.notifies(timeout=10, stop_after=1)
        assert len(heard.payload) < 8000


def test_closed_loop_leaves_no_connection(engine: PgTrickle, shop_dsn: str) -> None:
    async def ask() -> Any:
        async with SharedConnection.to("shop_db") as one, SharedConnection.to("shop_db") as other:
            assert one is other
            return await one.rows("SELECT 1")

    assert run(ask()) == [(1,)]
    assert count(shop_dsn) == 0
