"""PostgreSQL's expression grammar over sqlglot's query grammar.

sqlglot reads many dialects and turns what it knows into its own vocabulary: functions change their names and
defaults, operators their precedence, array indexes their base. Here an expression stays what PostgreSQL printed:
precedence is that of the manual (section 4.1.6), every function is called by its name, types are kept as text.
Queries, joins, windows and set operations are sqlglot's.

Function calls are exp.Anonymous (exp.Dot(schema, exp.Anonymous) when qualified), except COUNT, SUM, AVG, MIN, MAX,
COALESCE, GREATEST, LEAST, NULLIF and EXISTS, which have nodes of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokens import TokenType

from airflow.providers.pgtrickle.engine.parse import nodes
from airflow.providers.pgtrickle.engine.parse.keywords import VALUE_FUNCTIONS

Expr = exp.Expr

_ARITHMETIC: tuple[dict[str, type[exp.Expr]], ...] = (
    {"+": exp.Add, "-": exp.Sub},
    {"*": exp.Mul, "/": exp.Div, "%": exp.Mod},
    {"^": exp.Pow},
)
_COMPARISONS: dict[str, type[exp.Expr]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_OWN_LEVEL = {*_COMPARISONS, *(text for level in _ARITHMETIC for text in level)}
_QUANTIFIERS = {TokenType.ANY: exp.Any, TokenType.SOME: exp.Any, TokenType.ALL: exp.All}
_QUERY_START = {TokenType.SELECT, TokenType.WITH, TokenType.VALUES}
_TYPED_FUNCTIONS: dict[str, Callable[[list[Expr]], Expr]] = {
    "count": lambda args: exp.Count(this=args[0], big_int=True),
    "sum": lambda args: exp.Sum(this=args[0]),
    "avg": lambda args: exp.Avg(this=args[0]),
    "min": lambda args: exp.Min(this=args[0]),
    "max": lambda args: exp.Max(this=args[0]),
}
_CONDITIONAL: dict[str, Callable[[list[Expr]], Expr]] = {
    "coalesce": lambda args: exp.Coalesce(this=args[0], expressions=args[1:]),
    "greatest": lambda args: exp.Greatest(this=args[0], expressions=args[1:], ignore_nulls=True),
    "least": lambda args: exp.Least(this=args[0], expressions=args[1:], ignore_nulls=True),
    "nullif": lambda args: exp.Nullif(this=args[0], expression=args[1]),
}
#: Functions whose arguments are set apart by words instead of commas alone.
_SYNTAX_FUNCTIONS = frozenset(
    """
    extract overlay position substring trim normalize treat xmlconcat xmlelement xmlexists xmlforest xmlparse xmlpi
    xmlroot xmlserialize xmltable json json_array json_arrayagg json_exists json_object json_objectagg
    json_query json_scalar json_serialize json_table json_value
    """.split()
)
#: Reserved words that set arguments apart wherever they stand.
_SEPARATORS = frozenset(
    "as both default for from in leading not on placing returning trailing using with order".split()
)
#: Words that are separators only where no operand is due: any column may have such a name.
_SOFT_SEPARATORS = frozenset(
    """
    absent at by columns conditional content document empty encoding error escape format indent json keep key
    keys no null object omit passing path preserve quotes ref scalar similar standalone strip unconditional unique
    unknown utf8 value version whitespace without wrapper wellformed yes true false array
    """.split()
)
#: Words that stand first, or after a comma, in a call of this function.
_LEADING_WORDS: dict[str, frozenset[str]] = {
    "normalize": frozenset(("nfc", "nfd", "nfkc", "nfkd")),
    "xmlelement": frozenset(("name", "xmlattributes")),
    "xmlpi": frozenset(("name",)),
    "xmlparse": frozenset(("document", "content")),
    "xmlroot": frozenset(("version", "standalone")),
    "xmlserialize": frozenset(("document", "content")),
    "xmltable": frozenset(("xmlnamespaces",)),
}
#: Words after which an operand follows.
_INTRODUCERS = frozenset(
    "default escape for from in on passing placing similar using value version document content".split()
)
_TYPE_TAILS = {
    "double": (("precision",),),
    "character": (("varying",),),
    "national": (("character", "varying"), ("character",)),
    "bit": (("varying",),),
    "time": (("with", "time", "zone"), ("without", "time", "zone")),
    "timestamp": (("with", "time", "zone"), ("without", "time", "zone")),
}
_INTERVAL_FIELDS = frozenset(("year", "month", "day", "hour", "minute", "second"))
_IS_WORDS = frozenset(
    """
    unknown document normalized nfc nfd nfkc nfkd json value object array scalar with without unique keys
    """.split()
)


class CanonicalParser(PostgresParser):
    """sqlglot's PostgreSQL parser with the expression grammar replaced."""

    # Only what is met in a query; anything else must not be taken for a statement.
    STATEMENT_PARSERS: ClassVar[dict[TokenType, Any]] = {}
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {}
    NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, Any]] = {}
    # A bare row list stays one; sqlglot would wrap it in SELECT * FROM (VALUES …) AS _values.
    ALIAS_TOKENS = PostgresParser.ALIAS_TOKENS
    SUPPORTS_PARTITION_SELECTION = False

    def _values_to_select(self, values: exp.Values) -> Any:
        return values

    # -- words and marks

    def _word(self, *texts: str) -> bool:
        """Whether the next tokens are these words, unquoted."""
        for ahead, text in enumerate(texts):
            index = self._index + ahead
            if index >= len(self._tokens):
                return False
            token = self._tokens[index]
            if token.text != text or token.token_type in (TokenType.IDENTIFIER, TokenType.STRING):
                return False
        return True

    def _match_word(self, *texts: str) -> bool:
        if not self._word(*texts):
            return False
        self._advance(len(texts))
        return True

    def _expect(self, token_type: TokenType, text: str) -> None:
        if not self._match(token_type):
            self.raise_error(f"Expected {text}")

    def _operator(self) -> str | None:
        """The text of the operator token ahead."""
        token = self._curr
        if token.token_type in (TokenType.OPERATOR, TokenType.STAR):
            return token.text
        return None

    def _require(self, node: Expr | None) -> Expr:
        if node is None:
            self.raise_error("Expected an expression")
        return node  # type: ignore[return-value]

    # -- expressions, loosest first

    def _parse_disjunction(self) -> Expr | None:
        left = self._parse_conjunction()
        while left is not None and self._match(TokenType.OR):
            left = exp.Or(this=left, expression=self._require(self._parse_conjunction()))
        return left

    def _parse_conjunction(self) -> Expr | None:
        left = self._parse_negation()
        while left is not None and self._match(TokenType.AND):
            left = exp.And(this=left, expression=self._require(self._parse_negation()))
        return left

    def _parse_negation(self) -> Expr | None:
        if self._match(TokenType.NOT):
            return exp.Not(this=self._require(self._parse_negation()))
        return self._parse_test()

    def _parse_test(self) -> Expr | None:
        """``x IS …``, looser than comparisons."""
        left = self._parse_comparison()
        while left is not None:
            if self._match(TokenType.IS):
                left = self._parse_is(left)
            elif self._match_word("isnull"):
                left = exp.Is(this=left, expression=exp.Null())
            elif self._match_word("notnull"):
                left = exp.Is(this=left, expression=exp.Null(), negate=True)
            else:
                break
        return left

    def _parse_is(self, this: Expr | None) -> Expr:
        negated = self._match(TokenType.NOT)
        if self._match(TokenType.DISTINCT):
            self._expect(TokenType.FROM, "FROM")
            kind = exp.NullSafeEQ if negated else exp.NullSafeNEQ
            return kind(this=this, expression=self._require(self._parse_comparison()))
        if self._match(TokenType.NULL):
            return exp.Is(this=this, expression=exp.Null(), negate=negated or None)
        if self._match_set((TokenType.TRUE, TokenType.FALSE)):
            truth = exp.Boolean(this=self._prev.token_type is TokenType.TRUE)
            return exp.Is(this=this, expression=truth, negate=negated or None)
        words = ["not"] if negated else []
        while self._curr.text in _IS_WORDS and self._curr.token_type is not TokenType.IDENTIFIER:
            words.append(self._curr.text)
            self._advance()
        if len(words) == negated:
            self.raise_error("Expected a test after IS")
        return nodes.RowPredicate(this=this, words=" ".join(words).upper())

    def _parse_comparison(self, this: Expr | None = None) -> Expr | None:
        left = this or self._parse_range()
        while left is not None and (operator := self._operator()) in _COMPARISONS:
            self._advance()
            left = _COMPARISONS[operator or ""](this=left, expression=self._parse_operand(self._parse_range))
        return left

    def _parse_operand(self, parse: Callable[[], Expr | None]) -> Expr:
        """The right side of an operator: an operand, or ANY/ALL of a query or an array."""
        quantifier = _QUANTIFIERS.get(self._curr.token_type)
        if quantifier is not None and self._next.token_type is TokenType.L_PAREN:
            self._advance(2)
            inside = self._parse_select() if self._curr.token_type in _QUERY_START else None
            node: Expr = (
                inside if inside is not None else exp.Paren(this=self._require(self._parse_disjunction()))
            )
            self._expect(TokenType.R_PAREN, ")")
            return quantifier(this=node)
        return self._require(parse())

    def _parse_range(self, this: Expr | None = None, parse_is: bool = False) -> Expr | None:
        """BETWEEN, IN, LIKE, ILIKE, SIMILAR TO, OVERLAPS."""
        left = this or self._parse_bitwise()
        while left is not None:
            negated = self._curr.token_type is TokenType.NOT
            if negated:
                self._advance()
            node = self._parse_range_tail(left)
            if node is None:
                if negated:
                    self._retreat(self._index - 1)
                break
            left = exp.Not(this=node) if negated else node
        return left

    def _parse_range_tail(self, left: Expr) -> Expr | None:
        if self._match(TokenType.BETWEEN):
            symmetric = True if self._match_word("symmetric") else None
            self._match_word("asymmetric")
            low = self._require(self._parse_bitwise())
            self._expect(TokenType.AND, "AND")
            high = self._require(self._parse_bitwise())
            return exp.Between(this=left, low=low, high=high, symmetric=symmetric)
        if self._match(TokenType.IN):
            self._expect(TokenType.L_PAREN, "(")
            if self._curr.token_type in _QUERY_START:
                query = self._parse_select()
                self._expect(TokenType.R_PAREN, ")")
                return exp.In(this=left, query=exp.Subquery(this=query))
            values = self._parse_csv(self._parse_disjunction)
            self._expect(TokenType.R_PAREN, ")")
            return exp.In(this=left, expressions=values)
        for words, kind in (
            (("like",), exp.Like),
            (("ilike",), exp.ILike),
            (("similar", "to"), exp.SimilarTo),
        ):
            if self._match_word(*words):
                node: Expr = kind(this=left, expression=self._parse_operand(self._parse_bitwise))
                if self._match_word("escape"):
                    node = exp.Escape(this=node, expression=self._require(self._parse_bitwise()))
                return node
        if self._match_word("overlaps"):
            return exp.Overlaps(this=left, expression=self._require(self._parse_bitwise()))
        return None

    def _parse_bitwise(self) -> Expr | None:
        """All operators that are neither comparisons nor arithmetic; PostgreSQL gives them one precedence."""
        left: Expr | None
        if operator := self._match_other_operator():
            left = nodes.PrefixOperator(this=self._require(self._parse_term()), operator=operator)
        else:
            left = self._parse_term()
        while left is not None and (operator := self._match_other_operator()):
            right = self._parse_operand(self._parse_other_operand)
            if operator == "||":
                left = exp.DPipe(this=left, expression=right, safe=True)
            else:
                left = nodes.InfixOperator(this=left, expression=right, operator=operator)
        return left

    def _parse_other_operand(self) -> Expr | None:
        if operator := self._match_other_operator():
            return nodes.PrefixOperator(this=self._require(self._parse_other_operand()), operator=operator)
        return self._parse_term()

    def _match_other_operator(self) -> str | None:
        token = self._curr
        if token.token_type is TokenType.OPERATOR:
            if token.text in _OWN_LEVEL:
                return None
            self._advance()
            return token.text
        if self._word("operator", "("):
            self._advance(2)
            parts: list[str] = []
            while not self._match(TokenType.R_PAREN):
                part = self._curr
                quoted = part.token_type is TokenType.IDENTIFIER
                parts.append(
                    exp.Identifier(this=part.text, quoted=quoted).sql("postgres") if quoted else part.text
                )
                self._advance()
                if not self._curr:
                    self.raise_error("Expected )")
            return f"OPERATOR({''.join(parts)})"
        return None

    def _parse_term(self, parse_mod: bool = True) -> Expr | None:
        return self._parse_arithmetic(0)

    def _parse_arithmetic(self, level: int) -> Expr | None:
        if level == len(_ARITHMETIC):
            return self._parse_zone()
        left = self._parse_arithmetic(level + 1)
        operators = _ARITHMETIC[level]
        while left is not None and (operator := self._operator()) in operators:
            if self._next.token_type in (TokenType.COMMA, TokenType.R_PAREN) and operator == "*":
                break
            self._advance()
            right = self._parse_operand(lambda: self._parse_arithmetic(level + 1))
            left = operators[operator or ""](this=left, expression=right)
        return left

    def _parse_zone(self) -> Expr | None:
        left = self._parse_collation()
        while left is not None:
            if self._match_word("at", "time", "zone"):
                left = exp.AtTimeZone(this=left, zone=self._require(self._parse_collation()))
            elif self._match_word("at", "local"):
                left = nodes.AtLocal(this=left)
            else:
                break
        return left

    def _parse_collation(self) -> Expr | None:
        left = self._parse_unary()
        while left is not None and self._match(TokenType.COLLATE):
            left = exp.Collate(this=left, expression=self._parse_qualified_identifier())
        return left

    def _parse_qualified_identifier(self) -> Expr:
        name: Expr = self._require(self._parse_id_var(any_token=True))
        while self._match(TokenType.DOT):
            name = exp.Dot(this=name, expression=self._require(self._parse_id_var(any_token=True)))
        return name

    def _parse_unary(self) -> Expr | None:
        operator = self._operator()
        if operator == "-":
            self._advance()
            return exp.Neg(this=self._require(self._parse_unary()))
        if operator == "+":
            self._advance()
            return nodes.PrefixOperator(this=self._require(self._parse_unary()), operator="+")
        this = self._parse_primary()
        return self._parse_column_ops(this) if this is not None else None

    def _parse_type(self, parse_interval: bool = True, fallback_to_identifier: bool = False) -> Expr | None:
        return self._parse_unary()

    def _parse_column(self) -> Expr | None:
        return self._parse_unary()

    def _parse_field(
        self, any_token: bool = False, tokens: Any = None, anonymous_func: bool = False
    ) -> Expr | None:
        return self._parse_primary()

    def _parse_column_ops(self, this: Expr | None) -> Expr | None:
        """Casts, subscripts and field selections."""
        while this is not None:
            if self._match(TokenType.DCOLON):
                this = exp.Cast(this=this, to=self._require(self._parse_types()))
            elif self._match(TokenType.L_BRACKET):
                this = self._parse_subscript(this)
            elif self._curr.token_type is TokenType.DOT:
                self._advance()
                if self._match(TokenType.STAR):
                    this = exp.Dot(this=this, expression=exp.Star())
                else:
                    this = exp.Dot(this=this, expression=self._require(self._parse_id_var(any_token=True)))
            else:
                break
        return this

    def _parse_subscript(self, this: Expr) -> Expr:
        lower = None if self._curr.token_type is TokenType.COLON else self._parse_disjunction()
        index: Expr | None = lower
        if self._match(TokenType.COLON):
            upper = None if self._curr.token_type is TokenType.R_BRACKET else self._parse_disjunction()
            index = exp.Slice(this=lower, expression=upper)
        self._expect(TokenType.R_BRACKET, "]")
        return exp.Bracket(this=this, expressions=[index])

    # -- primaries

    def _parse_primary(self) -> Expr | None:
        token = self._curr
        kind = token.token_type
        match kind:
            case TokenType.STRING:
                self._advance()
                return exp.Literal.string(token.text)
            case TokenType.NUMBER:
                self._advance()
                return exp.Literal.number(token.text)
            case TokenType.BIT_STRING:
                self._advance()
                return nodes.BitString(this=token.text)
            case TokenType.NULL:
                self._advance()
                return exp.Null()
            case TokenType.TRUE | TokenType.FALSE:
                self._advance()
                return exp.Boolean(this=kind is TokenType.TRUE)
            case TokenType.STAR:
                self._advance()
                return exp.Star()
            case TokenType.PARAMETER:
                self._advance()
                return exp.Parameter(this=exp.Literal.number(token.text[1:]))
            case TokenType.L_PAREN:
                return self._parse_paren()
            case TokenType.CASE:
                self._advance()
                return self._parse_case()
            case TokenType.ARRAY:
                return self._parse_array()
            case TokenType.EXISTS if self._next.token_type is TokenType.L_PAREN:
                self._advance(2)
                query = self._parse_select()
                self._expect(TokenType.R_PAREN, ")")
                return exp.Exists(this=query)
            case TokenType.ROW if self._next.token_type is TokenType.L_PAREN:
                self._advance(2)
                fields = (
                    []
                    if self._curr.token_type is TokenType.R_PAREN
                    else self._parse_csv(self._parse_disjunction)
                )
                self._expect(TokenType.R_PAREN, ")")
                return exp.Anonymous(this="ROW", expressions=fields)
        return self._parse_function() or self._parse_name()

    def _parse_paren(self) -> Expr | None:
        self._expect(TokenType.L_PAREN, "(")
        if self._curr.token_type in _QUERY_START:
            query = self._parse_select()
            self._expect(TokenType.R_PAREN, ")")
            return exp.Subquery(this=query)
        if self._match(TokenType.R_PAREN):
            return exp.Tuple()
        first = self._require(self._parse_disjunction())
        if isinstance(first, exp.Subquery):
            # ((SELECT …) UNION (SELECT …)) against ((SELECT …) + 1): only now it shows which one it is.
            combined = self._parse_query_modifiers(self._parse_set_operations(first))
            if combined is not first:
                self._expect(TokenType.R_PAREN, ")")
                return exp.Subquery(this=combined)
        items = [first]
        while self._match(TokenType.COMMA):
            items.append(self._require(self._parse_disjunction()))
        self._expect(TokenType.R_PAREN, ")")
        return exp.Paren(this=first) if len(items) == 1 else exp.Tuple(expressions=items)

    def _parse_case(self) -> Expr:
        operand = None if self._curr.token_type is TokenType.WHEN else self._parse_disjunction()
        branches = []
        while self._match(TokenType.WHEN):
            condition = self._require(self._parse_disjunction())
            self._expect(TokenType.THEN, "THEN")
            branches.append(exp.If(this=condition, true=self._require(self._parse_disjunction())))
        default = self._parse_disjunction() if self._match(TokenType.ELSE) else None
        self._expect(TokenType.END, "END")
        return exp.Case(this=operand, ifs=branches, default=default)

    def _parse_array(self) -> Expr:
        self._advance()
        if self._match(TokenType.L_PAREN):
            query = self._parse_select()
            self._expect(TokenType.R_PAREN, ")")
            return exp.Array(expressions=[query])
        return self._parse_array_items()

    def _parse_array_items(self) -> Expr:
        self._expect(TokenType.L_BRACKET, "[")
        items: list[Expr] = []
        if self._curr.token_type is not TokenType.R_BRACKET:
            nested = lambda: (  # noqa: E731
                self._parse_array_items()
                if self._curr.token_type is TokenType.L_BRACKET
                else self._parse_disjunction()
            )
            items = self._parse_csv(nested)
        self._expect(TokenType.R_BRACKET, "]")
        return exp.Array(expressions=items)

    def _parse_name(self) -> Expr | None:
        """A column, or ``relation.*``."""
        token = self._curr
        if token.token_type is TokenType.IDENTIFIER or token.token_type in self.ID_VAR_TOKENS:
            pass
        else:
            return None
        if token.token_type is TokenType.VAR and token.text in VALUE_FUNCTIONS:
            return None
        parts: list[Expr] = []
        while True:
            parts.append(self._require(self._parse_id_var(any_token=True)))
            if self._curr.token_type is not TokenType.DOT or len(parts) == 4:
                break
            self._advance()
            if self._match(TokenType.STAR):
                parts.append(exp.Star())
                break
        names = ("this", "table", "db", "catalog")
        return exp.Column(**dict(zip(names, reversed(parts), strict=False)))

    # -- function calls

    def _parse_function(
        self,
        functions: Any = None,
        anonymous: bool = False,
        optional_parens: bool = True,
        any_token: bool = False,
    ) -> Expr | None:
        start = self._index
        token = self._curr
        if token.token_type is TokenType.VAR and token.text in VALUE_FUNCTIONS:
            return self._parse_value_function()
        if self._match_word("collation", "for", "("):
            operand = self._require(self._parse_disjunction())
            self._expect(TokenType.R_PAREN, ")")
            return nodes.SyntaxCall(this="collation for", expressions=[operand])
        path: list[Expr] = []
        while self._curr.token_type in (TokenType.IDENTIFIER, *self.FUNC_TOKENS) or (
            self._curr.token_type in self.ID_VAR_TOKENS or path
        ):
            if not path and self._curr.token_type in _QUANTIFIERS:
                break
            if not self._curr or self._curr.token_type in self.RESERVED_TOKENS:
                break
            path.append(self._require(self._parse_id_var(any_token=True)))
            if self._match(TokenType.L_PAREN):
                return self._parse_window(self._parse_call(path))
            if not self._match(TokenType.DOT) or self._curr.token_type is TokenType.STAR:
                break
        self._retreat(start)
        return None

    def _parse_value_function(self) -> Expr:
        """CURRENT_DATE and its kin, with a precision if there is one."""
        name = self._curr.text.upper()
        self._advance()
        words: list[Expr] = []
        if self._curr.token_type is TokenType.L_PAREN and self._next.token_type is TokenType.NUMBER:
            self._advance()
            words = [exp.Literal.number(self._curr.text)]
            self._advance()
            self._expect(TokenType.R_PAREN, ")")
        call = exp.Anonymous(this=name.lower(), expressions=words)
        return call if words else exp.Var(this=name)

    def _parse_call(self, path: list[Expr]) -> Expr:
        name = path[-1]
        bare = name.name if len(path) == 1 and not name.args.get("quoted") else ""
        if bare == "cast":
            operand = self._require(self._parse_disjunction())
            self._expect(TokenType.ALIAS, "AS")
            node: Expr = exp.Cast(this=operand, to=self._require(self._parse_types()))
            self._expect(TokenType.R_PAREN, ")")
            return node
        if bare in _SYNTAX_FUNCTIONS:
            return self._parse_syntax_call(bare)
        arguments = [] if self._curr.token_type is TokenType.R_PAREN else self._parse_arguments()
        self._expect(TokenType.R_PAREN, ")")
        builder = _CONDITIONAL.get(bare)
        if builder is None and len(arguments) == 1:
            builder = _TYPED_FUNCTIONS.get(bare)
        if builder is not None and arguments:
            return builder(arguments)
        call: Expr = exp.Anonymous(this=name if name.args.get("quoted") else name.name, expressions=arguments)
        if len(path) == 1:
            return call
        qualifier = path[0]
        for part in path[1:-1]:
            qualifier = exp.Dot(this=qualifier, expression=part)
        return exp.Dot(this=qualifier, expression=call)

    def _parse_arguments(self) -> list[Expr]:
        """Arguments of a call; a trailing ORDER BY stays on the last one, as sqlglot has it."""
        if self._match(TokenType.DISTINCT):
            distinct = exp.Distinct(expressions=self._parse_csv(self._parse_argument))
            return [self._require(self._parse_order(distinct))]
        self._match(TokenType.ALL)
        arguments: list[Expr] = self._parse_csv(self._parse_argument)
        if self._curr.token_type is TokenType.ORDER_BY and arguments:
            arguments[-1] = self._require(self._parse_order(arguments[-1]))
        return arguments

    def _parse_argument(self) -> Expr | None:
        if self._match_word("variadic"):
            return exp.Variadic(this=self._require(self._parse_disjunction()))
        if self._next.token_type in (TokenType.FARROW, TokenType.COLON_EQ):
            name = self._require(self._parse_id_var(any_token=True))
            self._advance()
            return exp.Kwarg(this=name, expression=self._require(self._parse_disjunction()))
        return self._parse_disjunction()

    def _parse_syntax_call(self, name: str) -> Expr:
        """Operands and words up to the closing parenthesis, in order."""
        parts: list[Expr] = []
        due = True
        if name == "extract":
            parts.append(self._parse_word_as_written())
            due = False
        while not self._match(TokenType.R_PAREN):
            token = self._curr
            if not token:
                self.raise_error("Expected )")
            if token.token_type in (TokenType.COMMA, TokenType.COLON):
                self._advance()
                parts.append(exp.Var(this=token.text))
                due = True
            elif token.token_type is TokenType.ORDER_BY and parts:
                parts[-1] = self._require(self._parse_order(parts[-1]))
            elif self._is_separator(name, due):
                parts.append(self._parse_word_as_written())
                parts.extend(self._parse_after_word(token.text))
                due = token.text in _INTRODUCERS
            else:
                parts.append(self._require(self._parse_bitwise()))
                due = False
        return nodes.SyntaxCall(this=name, expressions=parts)

    def _parse_word_as_written(self) -> Expr:
        token = self._curr
        self._advance()
        if token.token_type is TokenType.STRING:
            return exp.Literal.string(token.text)
        return exp.Var(this=token.text.upper())

    def _is_separator(self, function: str, due: bool) -> bool:
        token = self._curr
        if token.token_type in (TokenType.IDENTIFIER, TokenType.STRING):
            return False
        word = token.text
        if word in _SEPARATORS:
            return True
        if due:
            # NULL ON NULL, EMPTY ARRAY ON ERROR follow an empty argument list or RETURNING's type.
            return word in _LEADING_WORDS.get(function, ()) or (
                word in ("null", "absent") and self._next.text == "on"
            )
        return word in _SOFT_SEPARATORS

    def _parse_after_word(self, word: str) -> list[Expr]:
        """What a word brings with it besides operands."""
        if word in ("as", "returning"):
            return [self._require(self._parse_types())]
        if word == "name":
            return [self._require(self._parse_id_var(any_token=True))]
        if word in ("xmlattributes", "xmlnamespaces"):
            self._expect(TokenType.L_PAREN, "(")
            return [
                exp.Paren(this=nodes.SyntaxCall(this="", expressions=self._parse_syntax_call("").expressions))
            ]
        if word == "columns" and self._curr.token_type is TokenType.L_PAREN:
            return [exp.Var(this=self._raw_parenthesised())]
        if word == "columns":
            return self._parse_xml_columns()
        return []

    def _parse_xml_columns(self) -> list[Expr]:
        """``name type [PATH x] [DEFAULT x] [NOT NULL], name FOR ORDINALITY, …``."""
        parts: list[Expr] = []
        while True:
            parts.append(self._require(self._parse_id_var(any_token=True)))
            if self._match_word("for", "ordinality"):
                parts.append(exp.Var(this="FOR ORDINALITY"))
            else:
                parts.append(self._require(self._parse_types()))
            while self._word("path") or self._word("default") or self._word("not", "null"):
                parts.append(self._parse_word_as_written())
                parts.append(self._require(self._parse_bitwise()))
            if not self._match(TokenType.COMMA):
                return parts
            parts.append(exp.Var(this=","))

    def _raw_parenthesised(self) -> str:
        """The text of a parenthesised clause that holds no reference to a column, as written."""
        start = self._curr.start
        depth = 0
        while self._curr:
            if self._curr.token_type is TokenType.L_PAREN:
                depth += 1
            elif self._curr.token_type is TokenType.R_PAREN:
                depth -= 1
            self._advance()
            if depth == 0:
                return self.sql[start : self._prev.end + 1]
        self.raise_error("Expected )")
        return ""

    # -- types

    def _parse_types(
        self,
        check_func: bool = False,
        schema: bool = False,
        allow_identifiers: bool = True,
        with_collation: bool = False,
    ) -> Expr | None:
        """A type as text: format_type() knows names that no list of ours would."""
        start = self._curr
        if start.token_type is not TokenType.IDENTIFIER and start.token_type not in self.ID_VAR_TOKENS:
            return None
        word = start.text if start.token_type is not TokenType.IDENTIFIER else ""
        self._advance()
        while self._match(TokenType.DOT):
            self._advance()
        if word in ("double", "character", "national", "bit"):
            any(self._match_word(*tail) for tail in _TYPE_TAILS[word])
        if word == "interval":
            self._skip_interval_fields()
        if self._match(TokenType.L_PAREN):
            while self._curr and not self._match(TokenType.R_PAREN):
                self._advance()
        if word in ("time", "timestamp"):
            any(self._match_word(*tail) for tail in _TYPE_TAILS[word])
        while self._curr.token_type is TokenType.L_BRACKET and (
            self._next.token_type is TokenType.R_BRACKET
            or (self._next.token_type is TokenType.NUMBER and self._peek(2) is TokenType.R_BRACKET)
        ):
            self._advance(2)
            self._match(TokenType.R_BRACKET)
        text = self.sql[start.start : self._prev.end + 1]
        return exp.DataType(this=exp.DType.USERDEFINED, kind=text)

    def _peek(self, ahead: int) -> TokenType | None:
        index = self._index + ahead
        return self._tokens[index].token_type if index < len(self._tokens) else None

    def _skip_interval_fields(self) -> None:
        while self._curr.text in _INTERVAL_FIELDS or self._word("to"):
            self._advance()

    # -- query parts that sqlglot has no place for

    def _parse_cte(self) -> Any:
        cte = super()._parse_cte()
        start = self._curr
        last = None
        while self._word("search") or self._word("cycle"):
            # Each clause ends with "… SET column" or "… USING column"; all its words are names of the table's columns.
            cycle = self._word("cycle")
            while self._curr and not self._word("using" if cycle else "set"):
                self._advance()
            self._advance(2)
            last = self._prev
        if last is None:
            return cte
        clauses = self.sql[start.start : last.end + 1]
        return nodes.SearchedCTE(**cte.args, clauses=clauses)

    def _parse_join(self, *args: Any, **kwargs: Any) -> exp.Join | None:
        join = super()._parse_join(*args, **kwargs)
        if join is not None and join.args.get("using") and self._match(TokenType.ALIAS):
            return nodes.AliasedJoin(**join.args, using_alias=self._require(self._parse_id_var()))
        return join

    def _parse_recursive_with_search(self) -> None:
        return None
