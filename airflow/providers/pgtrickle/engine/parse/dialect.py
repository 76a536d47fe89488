"""Our subclass of sqlglot's PostgreSQL dialect: reads and writes what pg_get_viewdef prints, without loss."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import DialectType
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError
from sqlglot.tokenizer_core import Token

from airflow.providers.pgtrickle.engine.errors import UnsupportedQuery
from airflow.providers.pgtrickle.engine.parse.generator import CanonicalGenerator
from airflow.providers.pgtrickle.engine.parse.lexer import scan
from airflow.providers.pgtrickle.engine.parse.parser import CanonicalParser
from airflow.providers.pgtrickle.engine.parse.tokens import parser_tokens


class PgTricklePostgres(Postgres):
    """PostgreSQL as PostgreSQL has it."""

    INDEX_OFFSET = 0
    NORMALIZE_FUNCTIONS: bool | str = False

    Parser = CanonicalParser
    Generator = CanonicalGenerator

    def tokenize(self, sql: str, dialect: DialectType = None) -> list[Token]:  # noqa: ARG002
        """Tokens by PostgreSQL's own scanner rules."""
        return parser_tokens(scan(sql))


@lru_cache(maxsize=1)
def dialect() -> PgTricklePostgres:
    """The dialect, for sqlglot functions that ask for one."""
    return PgTricklePostgres()


def parse_canonical(text: str) -> exp.Query | exp.Values:
    """The tree of a canonical query text (pg_get_viewdef's output, or ordinary SQL without exotic spellings).

    Raises UnsupportedQuery when the text cannot be read.
    """
    reader = dialect()
    try:
        trees = reader.parser(error_level=ErrorLevel.IMMEDIATE).parse(reader.tokenize(text), text)
    except ParseError as error:
        detail = error.errors[0] if error.errors else {}
        place = f" near {detail['highlight']!r}" if detail.get("highlight") else ""
        problem = detail.get("description") or str(error)
        raise UnsupportedQuery(f"The query cannot be read: {problem}{place}.") from error
    except SqlglotError as error:
        raise UnsupportedQuery(f"The query cannot be read: {error}") from error
    except RecursionError as error:
        raise UnsupportedQuery("The query cannot be read: its expressions nest too deep.") from error
    if len(trees) != 1 or not isinstance(trees[0], (exp.Query, exp.Values)):
        raise UnsupportedQuery("The text is not one query.")
    return trees[0]


def generate(expression: exp.Expr) -> str:
    """The SQL text of a tree: one line, deterministic, identifiers quoted where PostgreSQL needs it.

    Raises UnsupportedQuery for a node that PostgreSQL has no form for.
    """
    writer = dialect().generator(
        normalize_functions=False, comments=False, unsupported_level=ErrorLevel.RAISE
    )
    try:
        return writer.generate(expression)
    except (SqlglotError, ValueError) as error:
        raise UnsupportedQuery(f"The query cannot be written: {error}") from error
    except RecursionError as error:
        raise UnsupportedQuery("The query cannot be written: its expressions nest too deep.") from error
