"""Translates filters, a small part of Python's expressions, to Cypher.

`price < 30 and in_stock and language in ['zh', 'en']` is parsed by Python's own parser, and each
node of the tree is one of a few kinds or refused by a sentence. The Cypher consists of words of
this file, of declared names, which are identifiers, and of parameters: no text of a user is in it.

A comparison with a missing value is false, and `not` turns false into true: `price != 3` leaves no
item without a price, `not price == 3` leaves them. A missing list is an empty one.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from isthmus.errors import InputError
from isthmus.graph.filters.names import ALIASES, BUILT_IN, INDEXED, KINDS, Name
from isthmus.graph.filters.parsing import (
    FORM,
    MAX_SHOWN,
    WORDS,
    Value,
    error_at,
    is_none,
    kind_error,
    parse_expression,
    read_value,
)
from isthmus.graph.filters.times import EXAMPLE, read_time

SIGNS = {ast.Eq: "=", ast.NotEq: "<>", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
MIRRORED = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}


@dataclass(frozen=True)
class Predicate:
    """A condition on the item `j`, in Cypher, and its parameters.

    Attributes:
        cypher: The condition.
        parameters: Its parameters.
        indexed: The property of which it requires some value, which an index can find; else None.
        categories: Names of the parameters that are lists of one category, in lower case, to which
            other names of the category may be added.
    """

    cypher: str
    parameters: dict[str, object] = field(default_factory=dict)
    indexed: str | None = None
    categories: tuple[str, ...] = ()


def translate(text: str, names: Mapping[str, Name]) -> Predicate:
    """Translates an expression to Cypher.

    Args:
        text: The expression.
        names: Result of `known_names`.

    Raises:
        InputError: It is not of the language, names something unknown, or compares values of
            different types; the message says at which character.
    """
    tree = parse_expression(text)
    translation = _Translation(text, names)
    cypher = translation.condition(tree, False)
    is_and = isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And)
    conjuncts = tree.values if is_and and isinstance(tree, ast.BoolOp) else [tree]
    found = sorted(filter(None, (_indexed(each, names) for each in conjuncts)))
    indexed = found[0][1] if found else None
    return Predicate(cypher, translation.parameters, indexed, tuple(translation.categories))


def _indexed(node: ast.expr, names: Mapping[str, Name]) -> tuple[int, str] | None:
    """The property of which a condition requires some value, with 0 for a few values, else 1."""
    if isinstance(node, ast.Name):
        name = names.get(node.id)
        is_boolean = name is not None and name.type == "boolean"
        return (2, name.cypher) if name is not None and is_boolean else None
    if not isinstance(node, ast.Compare):
        return None
    op, sides = node.ops[0], [node.left, *node.comparators]
    own = [side for side in sides if isinstance(side, ast.Name)]
    is_other = isinstance(op, ast.NotEq | ast.NotIn | ast.Is | ast.IsNot)
    if is_other or len(own) != 1 or own[0].id not in names:
        return None
    name = names[own[0].id]
    has_index = name not in BUILT_IN.values() or own[0].id in INDEXED
    is_part = isinstance(op, ast.In) and own[0] is node.comparators[0]
    if not has_index or name.type == "list" or is_part:
        return None
    return (0 if isinstance(op, ast.Eq | ast.In) else 1), name.cypher


class _Translation:
    """The translation of one expression.

    Attributes:
        parameters: The values of the expression, by the names of their parameters.
        categories: The names of those that are categories.
    """

    def __init__(self, text: str, names: Mapping[str, Name]) -> None:
        self._text = text
        self._names = names
        self.parameters: dict[str, object] = {}
        self.categories: list[str] = []

    def condition(self, node: ast.expr, negated: bool) -> str:
        """Returns Cypher that is true where a condition is, or where it is not."""
        match node:
            case ast.BoolOp():
                is_and = isinstance(node.op, ast.And) != negated
                return self._join([self.condition(v, negated) for v in node.values], is_and)
            case ast.UnaryOp(op=ast.Not()):
                return self.condition(node.operand, not negated)
            case ast.Compare():
                sides = [node.left, *node.comparators]
                triples = zip(sides, node.ops, sides[1:], strict=False)
                parts = [_negate(self._comparison(*triple), negated) for triple in triples]
                return self._join(parts, not negated)
            case ast.Name():
                return _negate(self._alone(node), negated)
        raise kind_error(self._text, node, "is no condition")

    def _join(self, parts: list[str], is_and: bool) -> str:
        return parts[0] if len(parts) == 1 else f"({(' AND ' if is_and else ' OR ').join(parts)})"

    def _alone(self, node: ast.Name) -> str:
        """A name as a condition: a boolean, or a number that is not 0."""
        name = self._name(node)
        if name is None:
            raise self._error(node, "a value alone is no condition", f"{FORM}.")
        if name.type == "boolean":
            return f"{name.cypher} = true"
        if name.type == "number":
            return f"{name.cypher} <> 0"
        sign = f"{name.example} in {node.id}" if name.type == "list" else f"{node.id} == "
        sign += "" if name.type == "list" else name.example
        raise self._error(
            node, f"{node.id} is {KINDS[name.type]}, no condition", f"Compare it, as in {sign}."
        )

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> str:
        is_empty = self._is_none(right)
        if isinstance(op, ast.Is | ast.IsNot) and not is_empty:
            raise self._error(right, "`is` compares with None only", "Write == instead of is.")
        if is_empty and isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
            name = self._name(left) if isinstance(left, ast.Name) else None
            if name is None:
                raise self._error(left, "`is None` follows a name", "Write price is None.")
            is_absent = isinstance(op, ast.Is | ast.Eq)
            return name.absent if is_absent else f"NOT ({name.absent})"
        if isinstance(op, ast.In | ast.NotIn):
            return self._membership(left, right, isinstance(op, ast.NotIn))
        one, other = self._operand(left), self._operand(right)
        if one is None and other is None:
            read_value(self._text, left)  # a call, say, has a better reason
            read_value(self._text, right)
            raise self._error(left, "both sides are values", f"{FORM}.")
        if one is None:
            mirrored = MIRRORED.get(type(op), type(op))
            return self._compare(right, mirrored, left)
        return self._compare(left, type(op), right)

    def _compare(self, left: ast.expr, op: type[ast.cmpop], right: ast.expr) -> str:
        """Compares a name with a value, or with another name."""
        assert isinstance(left, ast.Name)  # noqa: S101
        name, other = self._known(left), self._operand(right)
        if name.type == "list":
            raise self._error(
                left,
                f"{left.id} is a list of texts",
                f"Ask whether it has one: {name.example} in {left.id}.",
            )
        if name.type == "boolean" and op not in (ast.Eq, ast.NotEq):
            raise self._error(
                left, f"{left.id} is true or false", f"Write {left.id} or not {left.id}."
            )
        if other is not None:
            if other.type != name.type:
                assert isinstance(right, ast.Name)  # noqa: S101
                reason = f"{right.id} is {KINDS[other.type]}, and {left.id} is {KINDS[name.type]}"
                raise self._error(right, reason, "Compare what has the same type.")
            return f"{name.cypher} {SIGNS[op]} {other.cypher}"
        value = self._value(right, left.id, name)
        if name.type == "datetime":
            return self._compare_times(name.cypher, op, str(value), right)
        return f"{name.cypher} {SIGNS[op]} {self._parameter(value)}"

    def _compare_times(self, cypher: str, op: type[ast.cmpop], text: str, node: ast.expr) -> str:
        """Compares with a moment, or with a whole day, month or year."""
        try:
            start, end = read_time(text)
        except ValueError as error:
            advice = f"Write it as {EXAMPLE}."
            raise self._error(node, f"{text!r} is no date", advice) from error
        low = self._parameter(start)
        if end is None:
            return f"{cypher} {SIGNS[op]} {low}"
        high = low if op in (ast.Lt, ast.GtE) else self._parameter(end)
        return {
            ast.Lt: f"{cypher} < {low}",
            ast.LtE: f"{cypher} < {high}",
            ast.Gt: f"{cypher} >= {high}",
            ast.GtE: f"{cypher} >= {low}",
            ast.Eq: f"({low} <= {cypher} AND {cypher} < {high})",
            ast.NotEq: f"({cypher} < {low} OR {cypher} >= {high})",
        }[op]

    def _membership(self, left: ast.expr, right: ast.expr, is_not: bool) -> str:
        if isinstance(right, ast.List | ast.Tuple | ast.Set):
            return self._in_values(left, right, is_not)
        whole = self._name(right) if isinstance(right, ast.Name) else None
        if whole is None or whole.type not in ("list", "text"):
            raise self._error(
                right,
                "behind `in` stands a list of values, or a name that is a list or a text",
                "Write language in ['zh', 'en'], or 'new' in tags.",
            )
        part = self._operand(left)
        if part is None:
            value = read_value(self._text, left)
            if not isinstance(value, str):
                raise self._error(
                    left, "it is no text", f"Write {whole.example} in {ast.unparse(right)}."
                )
            if whole is BUILT_IN["categories"]:
                return _negate(self._has_category(whole, value), is_not)
            cypher = self._parameter(value)
        elif part.type == "text":
            cypher = part.cypher
        else:
            raise self._error(left, "it is no text", "Before `in` stands a text.")
        if whole.type == "list":
            found = f"{cypher} IN {whole.cypher}"
            return f"NOT coalesce({found}, false)" if is_not else found
        found = f"{whole.cypher} CONTAINS {cypher}"
        return f"NOT {found}" if is_not else found

    def _has_category(self, whole: Name, name: str) -> str:
        """Compares a category without case, as interests are made of categories."""
        cypher = self._parameter([name.lower()])
        self.categories.append(cypher.removeprefix("$"))
        return f"any(c IN {whole.cypher} WHERE toLower(c) IN {cypher})"

    def _in_values(
        self, left: ast.expr, right: ast.List | ast.Tuple | ast.Set, is_not: bool
    ) -> str:
        name = self._operand(left)
        if name is None or not isinstance(left, ast.Name):
            raise self._error(
                left, "before `in [...]` stands a name", "Write language in ['zh', 'en']."
            )
        if name.type == "list":
            raise self._error(
                left,
                f"{left.id} is a list of texts",
                f"Ask whether it has one: {name.example} in {left.id}.",
            )
        values = [self._value(each, left.id, name) for each in right.elts]
        if name.type == "datetime":
            op = ast.NotEq if is_not else ast.Eq
            pairs = zip(values, right.elts, strict=True)
            parts = [self._compare_times(name.cypher, op, str(v), node) for v, node in pairs]
            return self._join(parts, is_not) if parts else str(is_not).lower()
        found = f"{name.cypher} IN {self._parameter(values)}"
        return f"NOT {found}" if is_not else found

    def _operand(self, node: ast.expr) -> Name | None:
        """The name that stands on a side of a comparison; None for a value."""
        return self._name(node) if isinstance(node, ast.Name) else None

    def _known(self, node: ast.Name) -> Name:
        name = self._name(node)
        assert name is not None  # noqa: S101
        return name

    def _name(self, node: ast.Name) -> Name | None:
        """What a name stands for; None for a value such as `true`.

        Raises:
            InputError: There is no such name.
        """
        if node.id in self._names:
            return self._names[node.id]
        if node.id.casefold() in WORDS:
            return None
        same = [name for name in self._names if name.casefold() == node.id.casefold()]
        if len(same) == 1:
            return self._names[same[0]]
        near = [ALIASES[node.id.casefold()]] if node.id.casefold() in ALIASES else []
        near += difflib.get_close_matches(node.id, self._names, n=2, cutoff=0.6)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        listed = [f"{name} ({each.type})" for name, each in self._names.items()]
        more = f" and {len(listed) - MAX_SHOWN} more" if len(listed) > MAX_SHOWN else ""
        raise self._error(
            node,
            f"items have no attribute {node.id}",
            f"{meant}There are {', '.join(listed[:MAX_SHOWN])}{more}; `isthmus schema` lists them.",
        )

    def _value(self, node: ast.expr, left: str, name: Name) -> Value:
        """A value that a name is compared with.

        Raises:
            InputError: It has another type.
        """
        value = read_value(self._text, node)
        match name.type:
            case "number":
                fits = isinstance(value, int | float) and not isinstance(value, bool)
            case "boolean":
                fits = isinstance(value, bool)
            case _:
                fits = isinstance(value, str)
        if not fits:
            form = f"{left} {'<' if name.type == 'number' else '=='} {name.example}"
            if name.type == "boolean":
                form = f"{left} or not {left}"
            raise self._error(
                node,
                f"{left} is {KINDS[name.type]}, and {_describe(value)} is not",
                f"Write it as in {form}.",
            )
        return value

    def _is_none(self, node: ast.expr) -> bool:
        return is_none(node) and not (isinstance(node, ast.Name) and node.id in self._names)

    def _parameter(self, value: object) -> str:
        name = f"filter_{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def _error(self, node: ast.expr, reason: str, advice: str) -> InputError:
        return error_at(self._text, node, reason, advice)


def _negate(cypher: str, negated: bool) -> str:
    """A comparison that is null, of a missing value, is false, and its negation true."""
    return f"NOT coalesce({cypher}, false)" if negated else cypher


def _describe(value: Value) -> str:
    return "None" if value is None else repr(value)[: MAX_SHOWN * 2]
