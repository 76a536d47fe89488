"""PostgreSQL's keywords that are not names everywhere (pg_get_keywords() of versions 15 to 18)."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The set of the blank-separated words of a text."""
    return frozenset(text.split())


#: Never a name without quotes, except as a column label after AS.
RESERVED = words(
    """
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
    current_catalog current_date current_role current_time current_timestamp current_user default deferrable
    desc distinct do else end except false fetch for foreign from grant group having in initially intersect
    into lateral leading limit localtime localtimestamp not null offset on only or order placing primary
    references returning select session_user some symmetric system_user table then to trailing true union
    unique user using variadic when where window with
    """
)

#: Names of functions or types, never of relations or columns.
FUNCTION_OR_TYPE = words(
    """
    authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join
    left like natural notnull outer overlaps right similar tablesample verbose
    """
)

#: Names of relations or columns, never of functions or types.
COLUMN_NAME = words(
    """
    between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping
    inout int integer interval json json_array json_arrayagg json_exists json_object json_objectagg json_query
    json_scalar json_serialize json_table json_value least merge_action national nchar none normalize nullif
    numeric out overlay position precision real row setof smallint substring time timestamp treat trim values
    varchar xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
    xmlserialize xmltable
    """
)

#: Names that quote_identifier() of PostgreSQL puts in quotes.
QUOTED = RESERVED | FUNCTION_OR_TYPE | COLUMN_NAME

#: Values written like a name, without parentheses.
VALUE_FUNCTIONS = words(
    """
    current_catalog current_date current_role current_schema current_time current_timestamp current_user
    localtime localtimestamp session_user system_user user
    """
)
