"""Trees and texts, without a server: what lowering may rely on, and what the generator writes."""

from __future__ import annotations

import pytest
from sqlglot import exp

from airflow.providers.pgtrickle.engine.errors import InvalidQuery, UnsupportedQuery
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.parse import (
    complete_groups,
    first_difference,
    generate,
    inline_views,
    nodes,
    parse_canonical,
    rewind,
    single_query,
)
from airflow.providers.pgtrickle.engine.schema import Column, ColumnType, Relation

INTEGER = ColumnType(23, -1, "integer", "integer", "N")


def projection(expression: str) -> exp.Expr:
    query = parse_canonical(f"SELECT {expression} FROM s.t")
    assert isinstance(query, exp.Select)
    return query.expressions[0]


def same(text: str) -> bool:
    return first_difference(text, generate(parse_canonical(text))) is None


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("count(*)", exp.Count),
        ("sum(a)", exp.Sum),
        ("min(a)", exp.Min),
        ("lower(s)", exp.Anonymous),
        ("s.sum(a)", exp.Dot),
        ('"left"(s, 1)', exp.Anonymous),
        ("sum(a) FILTER (WHERE a > 0)", exp.Filter),
        ("percentile_cont(0.5) WITHIN GROUP (ORDER BY a)", exp.WithinGroup),
        ("sum(a) OVER (PARTITION BY b)", exp.Window),
        ("a = ANY (ARRAY[1, 2])", exp.EQ),
        ("a ~~ 'x'", nodes.InfixOperator),
        ("a || 'x'", exp.DPipe),
        ("@ a", nodes.PrefixOperator),
        ("a IS DISTINCT FROM b", exp.NullSafeNEQ),
        ("EXTRACT(year FROM d)", nodes.SyntaxCall),
        ("B'101'", nodes.BitString),
        ("CURRENT_DATE", exp.Var),
        ("(SELECT 1)", exp.Subquery),
        ("EXISTS (SELECT 1)", exp.Exists),
        ("j -> 'a'", nodes.InfixOperator),
        ("a[1]", exp.Bracket),
        ("(t.p).x", exp.Dot),
        ("'5'::integer", exp.Cast),
    ],
)
def test_nodes_of_expressions(expression: str, kind: type[exp.Expr]) -> None:
    assert type(projection(expression)) is kind


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a OR b AND NOT c = d", "a OR (b AND (NOT (c = d)))"),
        ("a < b + 1 = c", "(a < (b + 1)) = c"),
        ("a | b + 1", "a | (b + 1)"),
        ("a ->> 'x' = 'y'", "(a ->> 'x') = 'y'"),
        ("a || b || c", "(a || b) || c"),
        ("- a ^ 2", "(- a) ^ 2"),
        ("a = b IS NULL", "(a = b) IS NULL"),
        ("a + 1 BETWEEN 2 AND 3 AND b", "((a + 1) BETWEEN 2 AND 3) AND b"),
        ("a LIKE 'x' || b", "a LIKE ('x' || b)"),
        ("@ a + b", "@ (a + b)"),
        ("d AT TIME ZONE 'UTC' + i", "(d AT TIME ZONE 'UTC') + i"),
    ],
)
def test_precedence_is_postgresqls(text: str, tree: str) -> None:
    def bare(node: exp.Expr) -> exp.Expr:
        row = exp.Tuple(expressions=[node.copy()])
        for paren in list(row.find_all(exp.Paren)):
            paren.replace(paren.this)
        return row

    assert bare(projection(text)) == bare(projection(tree))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("plain", "plain"),
        ("Mixed", '"Mixed"'),
        ("order", '"order"'),
        ("left", '"left"'),
        ("values", '"values"'),
        ("year", "year"),
        ('a"b', '"a""b"'),
        ("größe", '"größe"'),
        ("1st", '"1st"'),
        ("x$", "x$"),
    ],
)
def test_identifiers_are_quoted_where_postgresql_quotes_them(name: str, written: str) -> None:
    for quoted in (False, True):
        assert generate(exp.Identifier(this=name, quoted=quoted)) == written


@pytest.mark.parametrize(
    ("value", "written"), [("x", "'x'"), ("it's", "'it''s'"), ("a\\b", "E'a\\\\b'"), ("\n", "'\n'")]
)
def test_strings_mean_the_same_under_any_settings(value: str, written: str) -> None:
    assert generate(exp.Literal.string(value)) == written


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a.x, a.y FROM (s.a LEFT JOIN s.b USING (x)) WHERE (NOT (a.y IS NOT NULL))",
        "SELECT x AS semi FROM s.t AS qualify",
        "SELECT rows, range, filter, pivot FROM s.t AS first",
        "SELECT x FROM s.a UNION ALL (SELECT x FROM s.b EXCEPT SELECT x FROM s.c)",
        "VALUES (1, 'a'), (2, 'b')",
        "SELECT sum(x) OVER (ORDER BY y ROWS 2 PRECEDING) FROM s.t",
    ],
)
def test_texts_come_back(text: str) -> None:
    assert same(text)


def test_generation_is_deterministic_and_leaves_the_tree_alone() -> None:
    tree = parse_canonical("SELECT (ARRAY[1, 2])[1], count(*) FROM s.t GROUP BY ()")
    before = repr(tree)
    assert generate(tree) == generate(tree)
    assert repr(tree) == before


@pytest.mark.parametrize(
    "text", ["SELECT FROM WHERE", "DELETE FROM t", "SELECT 1 +", "SELECT (1", "SELECT 1; SELECT 2"]
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedQuery):
        parse_canonical(text)


def test_a_lost_parenthesis_is_a_difference() -> None:
    assert first_difference("SELECT ((a + b) * c)", "SELECT  ((a + b) *\n c)") is None
    found = first_difference("SELECT ((a + b) * c)", "SELECT (a + (b * c))")
    assert found is not None
    assert "became" in found


def test_a_query_is_cut_behind_its_last_token() -> None:
    assert single_query("  SELECT 1 ; ; -- done") == "  SELECT 1"
    with pytest.raises(InvalidQuery, match="second statement"):
        single_query("SELECT ';'; SELECT 2")


def view(name: str, text: str, *columns: str) -> tuple[QualifiedName, Relation]:
    qualified = QualifiedName("s", name)
    return qualified, Relation(
        1, qualified, "view", tuple(Column(column, INTEGER) for column in columns), view_text=text
    )


def test_views_are_inlined_under_their_column_names() -> None:
    relations = dict(
        (
            view("v", "SELECT t.a AS x FROM s.t", "x"),
            view("w", "VALUES (1, 2)", "a", "Order"),
            view("z", "SELECT v.x FROM s.v", "x"),
        )
    )
    assert inline_views("SELECT v.x FROM s.v", relations) == (
        "SELECT v.x FROM (SELECT t.a AS x FROM s.t) AS v(x)"
    )
    assert inline_views("SELECT k.p FROM s.w k(p, q), s.w w_1 WHERE true", relations) == (
        'SELECT k.p FROM (VALUES (1, 2)) k(p, q), (VALUES (1, 2)) w_1(a, "Order") WHERE true'
    )
    assert inline_views("SELECT x FROM (s.z JOIN s.t USING (x))", relations) == (
        "SELECT x FROM ((SELECT v.x FROM (SELECT t.a AS x FROM s.t) AS v(x)) AS z(x) JOIN s.t USING (x))"
    )


def test_relations_are_rewound_under_their_aliases() -> None:
    past = {QualifiedName("s", "t"): "SELECT * FROM old"}
    assert rewind("SELECT t.a FROM s.t, s.t t_1, o.t AS t_2, s.u WHERE 's.t' = t.a", past) == (
        "SELECT t.a FROM (SELECT * FROM old) AS t, (SELECT * FROM old) t_1, o.t AS t_2, s.u WHERE 's.t' = t.a"
    )
    assert rewind('SELECT "T".a FROM s.t "T"(a)', past) == 'SELECT "T".a FROM (SELECT * FROM old) "T"(a)'
    assert rewind("WITH t AS (SELECT a FROM s.t) SELECT a FROM t", past) == (
        "WITH t AS (SELECT a FROM (SELECT * FROM old) AS t) SELECT a FROM t"
    )


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM ONLY s.t",
        "SELECT a FROM s.t TABLESAMPLE system (1)",
        "SELECT a FROM s.t x TABLESAMPLE system (1)",
    ],
)
def test_what_only_a_table_can_do_is_not_rewound(text: str) -> None:
    with pytest.raises(UnsupportedQuery):
        rewind(text, {QualifiedName("s", "t"): "SELECT 1"})


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("SELECT t.id, t.a, sum(u.b) FROM s.t, s.u GROUP BY t.id", "t.id, t.a"),
        ("SELECT id, sum(b) FROM s.t GROUP BY id HAVING max(c) > a ORDER BY d", "id, a, d"),
        ("SELECT t.id, (SELECT u.b FROM s.u WHERE u.a = t.a) FROM s.t GROUP BY t.id", "t.id, t.a"),
        ("SELECT t.id, my(t.a), max(t.b) FROM s.t GROUP BY t.id", "t.id"),
        ("SELECT t.id, lower(t.a) FROM s.t GROUP BY t.id", "t.id, t.a"),
        ("SELECT sum(t.a) FILTER (WHERE t.b) OVER (ORDER BY t.c) FROM s.t GROUP BY id", "id, t.a, t.b, t.c"),
        ("SELECT sum(sum(t.a)) OVER () FROM s.t GROUP BY t.id", "t.id"),
        ("SELECT t.a, j.b FROM (s.t JOIN s.u USING (i)) JOIN (s.v CROSS JOIN s.w) AS j ON true GROUP BY id",
         "id, t.a, j.b"),
        ("SELECT count(*) FROM s.t GROUP BY t.id", "t.id"),
    ],
)  # fmt: skip
def test_groups_are_written_out_in_full(text: str, groups: str) -> None:
    completed = complete_groups(text, {"my", "sum", "max", "count"})
    assert completed.partition(" GROUP BY ")[2].partition(" HAVING ")[0].partition(" ORDER ")[0] == groups
