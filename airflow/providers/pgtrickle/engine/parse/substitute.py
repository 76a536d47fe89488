"""Relations in a canonical text replaced by queries, the text around them untouched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from airflow.providers.pgtrickle.engine.errors import UnsupportedQuery
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.parse.keywords import FUNCTION_OR_TYPE, QUOTED, RESERVED
from airflow.providers.pgtrickle.engine.parse.lexer import Kind, Lexeme, scan
from airflow.providers.pgtrickle.engine.parse.references import TableItem, table_items
from airflow.providers.pgtrickle.engine.schema import Relation

#: A query text, and its column names where those in the text may be others.
Substitute = tuple[str, Sequence[str] | None]

_NO_ALIAS = RESERVED | FUNCTION_OR_TYPE


def rewind(text: str, replacements: Mapping[QualifiedName, str]) -> str:
    """A canonical text with these relations replaced by query texts, under the same aliases.

    A replacement gives the relation's columns under their names. Views must have been inlined. Raises
    UnsupportedQuery for ONLY and TABLESAMPLE on a replaced relation. A GROUP BY that rests on a primary key
    is to be completed before (``complete_groups``); what else needs the relation itself, its row type or
    system columns, is for PostgreSQL to refuse.
    """
    queries: dict[QualifiedName, Substitute] = {name: (query, None) for name, query in replacements.items()}
    return _substitute(text, queries.get)


def inline_views(text: str, relations: Mapping[QualifiedName, Relation]) -> str:
    """A canonical text with every view that has a text replaced by it, views within views included."""
    inlined: dict[QualifiedName, Substitute] = {}

    def look_up(name: QualifiedName) -> Substitute | None:
        relation = relations.get(name)
        if relation is None or relation.view_text is None:
            return None
        if name not in inlined:
            columns = [column.name for column in relation.columns]
            inlined[name] = (_substitute(relation.view_text, look_up), columns)
        return inlined[name]

    return _substitute(text, look_up)


def _substitute(text: str, look_up: Callable[[QualifiedName], Substitute | None]) -> str:
    lexemes = scan(text)
    parts: list[str] = []
    position = 0
    for item in table_items(text, lexemes):
        # What the canonical text leaves unqualified is of pg_catalog.
        found = look_up(QualifiedName(item.schema or "pg_catalog", item.name))
        if found is None:
            continue
        query, columns = found
        alias = _alias_at(lexemes, item)
        name_end = item.after - 1
        end = name_end if alias is None else alias
        parts.append(f"{text[position : lexemes[item.place].start]}({query})")
        position = lexemes[end].end
        parts.append(
            f" AS {_identifier(item.name)}" if alias is None else text[lexemes[name_end].end : position]
        )
        if columns is not None and not _has_columns(lexemes, end):
            parts.append(f"({', '.join(_identifier(column) for column in columns)})")
    parts.append(text[position:])
    return "".join(parts)


def _alias_at(lexemes: Sequence[Lexeme], item: TableItem) -> int | None:
    """The index of a relation's alias. Raises UnsupportedQuery where no query can stand for it."""
    if item.place and _is_word(lexemes, item.place - 1, "only"):
        raise UnsupportedQuery(f"The query reads ONLY {item.name}, without what inherits from it.")
    index = item.after + _is_word(lexemes, item.after, "as")
    alias = index if index < len(lexemes) and _can_be_alias(lexemes[index]) else None
    if _is_word(lexemes, item.after if alias is None else alias + 1, "tablesample"):
        raise UnsupportedQuery(f"The query reads a sample of {item.name}.")
    return alias


def _can_be_alias(lexeme: Lexeme) -> bool:
    return lexeme.kind is Kind.QUOTED or (lexeme.kind is Kind.WORD and lexeme.text not in _NO_ALIAS)


def _is_word(lexemes: Sequence[Lexeme], index: int, word: str) -> bool:
    return index < len(lexemes) and lexemes[index].kind is Kind.WORD and lexemes[index].text == word


def _has_columns(lexemes: Sequence[Lexeme], alias: int) -> bool:
    following = lexemes[alias + 1] if alias + 1 < len(lexemes) else None
    return following is not None and following.kind is Kind.MARK and following.text == "("


def _identifier(name: str) -> str:
    plain = name.isascii() and name.isidentifier() and name == name.lower() and name not in QUOTED
    return name if plain else '"' + name.replace('"', '""') + '"'
