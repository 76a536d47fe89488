"""What to say about a reason against deltas: where to look in the query, and how to write it otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """``construct`` is what to look for in the query (parse.locate), ``rewrite`` a sentence, or None."""

    construct: str | None = None
    rewrite: str | None = None


_CLOCK = (
    "CURRENT_TIMESTAMP|CURRENT_DATE|CURRENT_TIME|LOCALTIMESTAMP|LOCALTIME|"
    "NOW|TRANSACTION_TIMESTAMP|STATEMENT_TIMESTAMP|AGE"
)
_LATER = "compute it where the stream table is read, in a view over it for instance."
_AT_READING = _LATER.capitalize()

#: Reasons by their beginning. What a pattern captures stands for ``{0}`` in the construct.
_ADVICE: tuple[tuple[str, str | None, str | None], ...] = (
    (
        r"a value made from the current time|the current time in VALUES",
        _CLOCK,
        f"Compare a column with the time: at > now() - interval '7 days'. As to the value: {_LATER}",
    ),
    (
        r"a condition on the current time between both sides",
        _CLOCK,
        "Put a condition on the time that concerns one side into a subquery of that side.",
    ),
    (r"the text '", None, "Write CURRENT_DATE or LOCALTIMESTAMP: those are followed by deltas."),
    (r"(?:the function )?(\S+?)(?:\(\))? (?:is STABLE|depends on the session)", "{0}()", _AT_READING),
    (r"([A-Z_]+), whose value changes", "{0}", _AT_READING),
    (r"SEARCH in a UNION|CYCLE over", "SEARCH|CYCLE", "Carry the order or the path as columns of your own."),
    (
        r"LIMIT, OFFSET or FETCH",
        "LIMIT|OFFSET|FETCH",
        "Number the rows with row_number() OVER (… ORDER BY …) and keep the first ones by a condition.",
    ),
    (
        r"LIMIT over a set operation",
        "LIMIT|OFFSET|FETCH",
        "Put the set operation into a subquery and the LIMIT around it.",
    ),
    (r"LATERAL", "LATERAL", "Write it as a join with a grouped or numbered subquery."),
    (
        r"a set-returning function in the select list",
        None,
        "Move it to FROM: CROSS JOIN LATERAL function(…) AS f (column).",
    ),
    (r"a whole-row reference", None, "Name the columns."),
    (
        r"a subquery correlated|a scalar subquery|IN over|a row compared|a correlated",
        None,
        "Join with a subquery that is grouped by the columns of the comparison.",
    ),
    (r"a subquery in a join condition", None, "Put the condition into WHERE, or into a joined subquery."),
    (r"ONLY", "ONLY", "Leave ONLY out, or read a table without children."),
    (
        r"(\S+?)(?:, a part of (\S+),)? is a (?:materialized view|foreign table)",
        "{0}",
        "Make a stream table of it alone, SELECT * FROM it: that is compared with its last state. Read that.",
    ),
    (r"(\S+?)(?:, a part of (\S+),)? (?:is|belongs) ", "{0}", None),
)


def advice(reason: str) -> Advice:
    """What is known about a reason; an empty advice for one that says all there is to say."""
    for pattern, construct, rewrite in _ADVICE:
        found = re.match(pattern, reason)
        if found is not None:
            named = found.group(found.lastindex) if found.lastindex else ""
            return Advice(construct.format(named) if construct is not None else None, rewrite)
    return Advice()
