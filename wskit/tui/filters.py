"""Filters: a person says in a line which frames are wanted, and it is compiled to one condition.

Terms side by side or joined by `and` must all hold; `or` binds less, `not` and `!` more; (…) group.
  hello "a b" text:x    part of the payload as UTF-8, in any case; quotes hold JSON strings
  /regex/ /regex/i      found in the payload as UTF-8, of a binary frame as latin-1
  hex:"de ad"           bytes of the payload
  dir:in op:text,ping   or out; cont text binary close ping pong, control data reserved, 0 to 15
  conn:3 conn:name      the number, or part of the name; conn==name is all of the name
  fin rsv1 rsv2 rsv3 masked fragmented compressed wrong     flags; wrong breaks a rule
  size>4k rtt<=100ms    : = == != < <= > >= of size wire ratio rtt delta fragment message number
                        close; k, M, G are powers of 1024; us, ms, s, m are times, else seconds
  json.items.0.id==7    also = != < <= > >=, in a whole text frame; JSON words, others are strings;
                        `:` finds part of a string, a path alone something; * is any item or name,
                        json."a b" any name
No comparison holds for what a frame has not, != neither. A regex sees what was kept of a payload,
4 KiB unless more was asked for; nothing else bounds the time of one that backtracks.
"""

from __future__ import annotations

import difflib
import json
import re
import warnings
from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple, NoReturn, TypeVar

from ..trace import columns, printable
from . import conditions
from .conditions import Condition, JsonTest, Step
from .entries import Entry

__all__ = ["Filter", "FilterError"]

T = TypeVar("T")

_DEEPEST = 50  # parentheses in each other: each takes five calls to parse
_LONGEST = 30  # characters of a filter in a message about it

_BLANKS = re.compile(r"\s*")
_WORD = re.compile(r'(?:[^\s()":=<>!]|!(?!=))+')  # of a term: up to what compares
_VALUE = re.compile(r'[^\s()"]+')
_STEP = re.compile(r'[^\s().":=<>!]+')
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_SIGN = re.compile(r"\s*(:|==?|!=|<=?|>=?)\s*")
_REGEX = re.compile(r"/((?:[^/\\]|\\.)*)/([^\s()]*)", re.DOTALL)
_NUMBER = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(.*)", re.DOTALL)
_DIGITS = re.compile(r"[0-9]+")

# Read as JSON reads them, but that they may go over lines.
_STRINGS = json.JSONDecoder(strict=False)

_KEYWORDS = {"and", "or", "not"}
_EQUALITY = (":", "=", "==", "!=")
_SIGNS = {"dir": _EQUALITY, "op": _EQUALITY, "conn": _EQUALITY, "text": (":",), "hex": (":",)}
_NAMES = {*_SIGNS, *conditions.NUMBERS, *conditions.FLAGS}


class FilterError(ValueError):
    """What is wrong with a filter, in one line, and the index of the character where it is."""

    def __init__(self, message: str, position: int) -> None:
        """``position`` may be the end of the filter, where something is missing."""
        super().__init__(message, position)
        self.message = printable(message)
        self.position = position

    def __str__(self) -> str:
        """Return both; here characters count from 1."""
        return f"at character {self.position + 1}: {self.message}"

    def pointer(self, text: str) -> str:
        """Return the filter ``text``, safe to print, and below it a caret at the position."""
        before = columns(printable(text[: self.position]))
        return f"{printable(text)}\n{' ' * before}^"


class Filter:
    """Which entries are wanted; the language is the one above.

    To judge an entry never raises, and any thread may do it.
    """

    __slots__ = ("_condition", "text")

    def __init__(self, text: str) -> None:
        """Compile ``text``; FilterError says what is wrong. A blank one wants every entry."""
        self.text = text
        self._condition = _Parser(text).parsed()

    def __call__(self, entry: Entry) -> bool:
        """Whether ``entry`` is wanted."""
        return self._condition(entry)

    def __repr__(self) -> str:
        """Return the call that makes this filter."""
        return f"Filter({self.text!r})"


class _Value(NamedTuple):
    text: str
    at: int
    quoted: bool


class _Parser:
    """Recursive descent; ``_at`` stands where a term, a keyword or a parenthesis may begin."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._payloads = conditions.JsonPayloads()

    def parsed(self) -> Condition:
        self._skip_blanks()
        if not self._next():
            return _true
        condition = self._any()
        if self._next():
            raise FilterError("this parenthesis closes none", self._at)
        return condition

    # -- how terms are joined --------------------------------------------------------------------

    def _any(self) -> Condition:
        found = [self._all()]
        while self._took("or"):
            found.append(self._all())
        return conditions.any_of(found)

    def _all(self) -> Condition:
        found = [self._maybe_inverted()]
        while self._took("and") or not self._all_ended():
            found.append(self._maybe_inverted())
        return conditions.all_of(found)

    def _all_ended(self) -> bool:
        return self._next() in ("", ")") or self._word().lower() == "or"

    def _maybe_inverted(self) -> Condition:
        inverted = False
        while self._took("!") or self._took("not"):
            inverted = not inverted
        condition = self._term()
        return conditions.inverted(condition) if inverted else condition

    def _term(self) -> Condition:
        match self._next():
            case "(":
                condition = self._group()
            case '"' | "/":
                condition = self._searched()
            case _:
                condition = self._named()
        after = self._next()
        if after not in ("", ")") and not after.isspace():
            raise FilterError("a blank is missing between two terms", self._at)
        self._skip_blanks()
        return condition

    def _group(self) -> Condition:
        opened = self._at
        if self._depth == _DEEPEST:
            raise FilterError(f"more than {_DEEPEST} parentheses in each other", opened)
        self._depth += 1
        self._at += 1
        self._skip_blanks()
        condition = self._any()
        if not self._next():
            raise FilterError("unclosed parenthesis", opened)
        self._at += 1
        self._depth -= 1
        return condition

    # -- terms -----------------------------------------------------------------------------------

    def _searched(self) -> Condition:
        if self._next() == "/":
            return conditions.text_matches(self._regex())
        return conditions.text_contains(self._value().text)

    def _named(self) -> Condition:
        word, at = self._word(), self._at
        name = word.lower()
        if not word or name in _KEYWORDS:
            raise FilterError(f"a term is missing{self._before()}", at)
        if name.partition(".")[0] == "json":
            return self._json()
        self._at += len(word)
        sign, sign_at = self._sign()
        if not sign and name in conditions.FLAGS:
            return conditions.FLAGS[name]
        if not sign and name not in _NAMES:
            return conditions.text_contains(word)
        _check_sign(word, at, sign, sign_at)
        return self._compared(name, sign)

    def _compared(self, name: str, sign: str) -> Condition:
        if name == "text":
            return self._searched()
        value = self._value()
        match name:
            case "dir":
                condition = conditions.direction_in(_chosen(value, conditions.DIRECTIONS))
            case "op":
                condition = conditions.opcode_in(_chosen(value, conditions.OPCODES))
            case "conn":
                condition = _connection(value, sign)
            case "hex":
                condition = conditions.bytes_contain(_octets(value))
            case _:
                return conditions.compared(name, sign, _number(name, value))
        return conditions.inverted(condition) if sign == "!=" else condition

    def _json(self) -> Condition:
        self._at += len("json")
        path = []
        while self._next() == ".":
            self._at += 1
            path.append(self._step())
        sign, _ = self._sign()
        test = _json_test(self._value(), sign) if sign else _true
        return conditions.json_found(self._payloads, path, test)

    def _step(self) -> Step:
        if self._next() == '"':
            return Step(self._value().text)
        name = self._matched(_STEP)
        if not name:
            raise FilterError("a name is missing in the path", self._at)
        self._at += len(name)
        if name == "*":
            return Step(None)
        return Step(name, int(name) if _INDEX.fullmatch(name) else None)

    # -- what terms are made of ------------------------------------------------------------------

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _matched(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        return match[0] if match is not None else ""

    def _word(self) -> str:
        return self._matched(_WORD)

    def _skip_blanks(self) -> None:
        self._at += len(self._matched(_BLANKS))

    def _took(self, keyword: str) -> bool:
        found = self._next() if keyword == "!" else self._word().lower()
        if found != keyword:
            return False
        self._at += len(keyword)
        self._skip_blanks()
        return True

    def _before(self) -> str:
        found = self._word() or self._next()
        return f" before {found!r}" if found else ""

    def _sign(self) -> tuple[str, int]:
        match = _SIGN.match(self._text, self._at)
        if match is None:
            return "", self._at
        self._at = match.end()
        return match[1], match.start(1)

    def _value(self) -> _Value:
        at = self._at
        if self._next() == '"':
            return _Value(self._quoted(), at, True)
        text = self._matched(_VALUE)
        if not text:
            raise FilterError(f"a value is missing{self._before()}", at)
        self._at += len(text)
        return _Value(text, at, False)

    def _quoted(self) -> str:
        try:
            text, self._at = _STRINGS.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated"):
                raise FilterError("unclosed quote", self._at) from None
            raise FilterError("bad escape in quotes", error.pos) from None
        return str(text)

    def _regex(self) -> re.Pattern[str]:
        match = _REGEX.match(self._text, self._at)
        if match is None:
            raise FilterError("unclosed regex; quote a text with a slash", self._at)
        if match[2] not in ("", "i"):
            message = f"unknown flag {_shown(match[2])} of a regex; quote a text with slashes"
            raise FilterError(message, match.start(2))
        self._at = match.end()
        return _compiled(match[1], re.IGNORECASE if match[2] else re.NOFLAG, match.start(1))


def _compiled(pattern: str, flags: re.RegexFlag, at: int) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():  # of what a later Python may read otherwise
            warnings.simplefilter("ignore")
            return re.compile(pattern, flags)
    except re.error as error:
        raise FilterError(f"bad regex: {error.msg}", at + (error.pos or 0)) from None
    except (OverflowError, RecursionError, ValueError):
        raise FilterError("bad regex: too large a number, or too deep", at) from None


def _check_sign(word: str, at: int, sign: str, sign_at: int) -> None:
    name = word.lower()
    if name in conditions.FLAGS:
        raise FilterError(f"{name} takes no value", sign_at)
    if name not in _NAMES:
        raise FilterError(f"unknown name {_shown(word)}{_similar(name)}", at)
    if not sign:
        raise FilterError(f"{name} needs a value; quote it to search for the word", sign_at)
    if sign not in _SIGNS.get(name, conditions.COMPARISONS):
        raise FilterError(f"{name} takes no {sign}, only {' '.join(_SIGNS[name])}", sign_at)


def _number(name: str, value: _Value) -> float:
    match = _NUMBER.fullmatch(value.text)
    if match is None:
        raise FilterError(f"{name} needs a number, not {_shown(value.text)}", value.at)
    units = conditions.UNITS.get(name, {"": 1})
    factor = units.get(match[2].lower())
    if factor is None:
        known = f"only {', '.join(units)[2:]}" if len(units) > 1 else f"{name} has none"
        at = value.at + value.quoted + match.start(2)
        raise FilterError(f"unknown unit {_shown(match[2])}, {known}", at)
    number = float(match[1]) * factor
    return int(number) if number.is_integer() else number


def _chosen(value: _Value, known: Mapping[str, Set[T]]) -> Set[T]:
    chosen: set[T] = set()
    at = value.at + value.quoted
    for name in value.text.lower().split(","):
        if name not in known:
            raise FilterError(f"unknown value {_shown(name)}{_similar(name, known)}", at)
        chosen |= known[name]
        at += len(name) + 1
    return chosen


def _connection(value: _Value, sign: str) -> Condition:
    if not value.quoted and _DIGITS.fullmatch(value.text):
        return conditions.connection_numbered(float(value.text))
    if sign == ":":
        return conditions.connection_contains(value.text)
    return conditions.connection_is(value.text)


def _octets(value: _Value) -> bytes:
    try:
        return bytes.fromhex(value.text)
    except ValueError:
        raise FilterError("hex needs pairs of hex digits", value.at) from None


def _json_test(value: _Value, sign: str) -> JsonTest:
    wanted = value.text if value.quoted else _json_word(value)
    try:
        return conditions.json_test(sign, value.text, wanted)
    except ValueError as error:
        raise FilterError(f"{error}, not {_shown(value.text)}", value.at) from None


def _json_word(value: _Value) -> object:
    if value.text[0] in "[{":
        raise FilterError("no list or object can be compared; quote a text", value.at)
    try:
        return json.loads(value.text, parse_constant=_refused)
    except ValueError:
        return value.text


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN is a word: it is no JSON


def _true(judged: object) -> bool:
    return True


def _similar(name: str, names: Iterable[str] = _NAMES) -> str:
    found = difflib.get_close_matches(name, names, 1)
    return f"; is it {found[0]}?" if found else ""


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")
