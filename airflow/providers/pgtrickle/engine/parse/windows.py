"""Window functions as syntax: named windows, and which functions depend on the order of peers."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from airflow.providers.pgtrickle.engine.errors import UnsupportedQuery

#: Their value is by position, whatever the frame.
_BY_POSITION = frozenset(("row_number", "lag", "lead", "ntile"))


def inline_named_windows(select: exp.Select) -> exp.Select:
    """The SELECT with every ``OVER name`` replaced by the definition of that name."""
    clause = select.args.get("windows")
    if not clause:
        return select
    copied = select.copy()
    definitions: dict[str, exp.Window] = {}
    for definition in copied.args["windows"]:
        definitions[definition.this.name] = _merged(definition, definitions)
    copied.set("windows", None)
    for window in list(copied.find_all(exp.Window)):
        name = window.args.get("alias")
        if name is not None and window.find_ancestor(exp.Select) is copied:
            window.replace(_merged(window, definitions))
    return copied


def is_by_position(window: exp.Window) -> bool:
    """Whether the function's value depends on the order among peers, so that any total order may part them.

    A window that is named elsewhere counts as one: look again once its definition stands here.
    """
    if window.args.get("alias") is not None:
        return True
    frame = window.args.get("spec")
    kind = frame.text("kind").upper() if frame is not None else ""
    if frame is not None and frame.args.get("exclude") is not None:
        excluded = str(frame.args["exclude"]).upper()
        if "TIES" in excluded or "GROUP" in excluded:
            return False
    if kind == "ROWS":
        return True
    name = function_name(window)
    if kind and kind != "RANGE":
        return False
    if frame is not None and "UNBOUNDED" not in f"{frame.args.get('start')}".upper():
        return False
    if frame is not None and isinstance(frame.args.get("end"), exp.Expr):
        # A frame of RANGE by an offset sorts by one column alone.
        return False
    return name in _BY_POSITION or name == "first_value"


def function_name(window: exp.Window) -> str:
    """The name of the function that runs over the window."""
    node = window.this
    while isinstance(node, (exp.Filter, exp.WithinGroup)):
        node = node.this
    if isinstance(node, exp.Dot):
        node = node.expression
    return str(node.name).lower() if isinstance(node, exp.Anonymous) else type(node).__name__.lower()


def _merged(window: exp.Window, definitions: Mapping[str, exp.Window]) -> exp.Window:
    name = window.args.get("alias")
    if name is None:
        return window
    base = definitions.get(name.name)
    if base is None:
        raise UnsupportedQuery(f"The window {name.name} is defined nowhere.")
    merged = window.copy()
    merged.set("alias", None)
    for part in ("partition_by", "order", "spec"):
        own, inherited = window.args.get(part), base.args.get(part)
        merged.set(part, own or inherited)
    return merged
