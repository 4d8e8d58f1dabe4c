"""The language of filters: what each term takes, how terms join, and what a wrong one is told."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.tui.frames import OUT, capture, frame
from wskit.tui.entries import Entry
from wskit.tui.filters import Filter, FilterError

TRADE = b'{"type": "Trade", "id": 7, "ok": true, "to": null, "items": [{"n": 1}, {"n": 2.5}]}'

ENTRIES = {
    "trade": Entry(1, 1, capture(0.0, frame(1, TRADE), "alice"), message=1, fragment=1),
    "hello": Entry(
        2, 1, capture(0.1, frame(1, b"Hello, world", way=OUT, masked=True), "alice"), 0.1, 1, 1
    ),
    "big": Entry(
        3,
        2,
        capture(0.2, frame(2, b"\xde\xad\xff", rsv=4, wire=1024, length=4097), "bob"),
        None,
        1,
        1,
    ),
    "start": Entry(4, 2, capture(0.3, frame(1, b'{"id":', fin=False), "bob"), 0.0005, 2, 1),
    "rest": Entry(5, 2, capture(2.3, frame(0, b"8}"), "bob"), 2.0, 2, 2),
    "ping": Entry(6, 12, capture(3.0, frame(9, b"tick", way=OUT), "#3 (carol)")),
    "pong": Entry(7, 12, capture(3.1, frame(10, b"tick"), "#3 (carol)"), 0.1, rtt=0.1),
    "close": Entry(8, 12, capture(4.0, frame(8, b"\x03\xe8bye"), "#3 (carol)"), 0.9),
    "odd": Entry(9, 1, capture(5.0, frame(11, b"", rsv=3), "alice"), 60, wrong="reserved opcode"),
}
ALL = " ".join(ENTRIES)


def taken(text: str) -> str:
    """Name the entries that the filter ``text`` takes."""
    wanted = Filter(text)
    return " ".join(name for name, entry in ENTRIES.items() if wanted(entry))


def others(names: str) -> str:
    return " ".join(name for name in ENTRIES if name not in names.split())


class TestTerms:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("", ALL),
            (" \t\n", ALL),
            ("dir:out", "hello ping"),
            ("DIR:In", others("hello ping")),
            ("dir!=in", "hello ping"),
            ("dir:in,out", ALL),
            ("op:text", "trade hello start"),
            ("op:binary", "big"),
            ("op:cont", "rest"),
            ("op=continuation", "rest"),
            ("op:ping,PONG", "ping pong"),
            ("op:data", "trade hello big start rest"),
            ("op:control", "ping pong close odd"),
            ("op:reserved", "odd"),
            ("op:11", "odd"),
            ("op:0xb", "odd"),
            ('op:"9,10"', "ping pong"),
            ("op!=data,control", ""),
            ("op == close", "close"),
            ("conn:1", "trade hello odd"),
            ("conn:2", "big start rest"),
            ("conn!=1", others("trade hello odd")),
            ("conn:ALI", "trade hello odd"),
            ("conn==ali", ""),
            ("conn==alice", "trade hello odd"),
            ("conn!=alice", others("trade hello odd")),
            ('conn:"3"', "ping pong close"),
            ("conn:#3", "ping pong close"),
            ("conn:" + "9" * 5000, ""),
            ("fin", others("start")),
            ("FIN", others("start")),
            ("rsv1", "big"),
            ("rsv2", "odd"),
            ("rsv3", "odd"),
            ("masked", "hello"),
            ("fragmented", "start rest"),
            ("compressed", "big"),
            ("wrong", "odd"),
        ],
    )
    def test_what_is_asked_of_the_header(self, text: str, names: str) -> None:
        assert taken(text) == names

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("size>4k", "big"),
            ("size > 4096", "big"),
            ("Size>=4.0009K", "big"),
            ("size:4097", "big"),
            ("size>4KiB", "big"),
            ("size>4097b", ""),
            ("size>1M", ""),
            ("size<1g", ALL),
            ("size=0", "odd"),
            ("size>-1", ALL),
            ('size>"4k"', "big"),
            ("size<" + "9" * 5000, ALL),
            ("wire:1k", "big"),
            ("ratio>4", "big"),
            ("ratio!=4", "big"),
            ("rtt:100ms", "pong"),
            ("rtt>=0.1", "pong"),
            ("rtt<1s", "pong"),
            ("rtt!=1s", "pong"),
            ("not rtt<1s", others("pong")),
            ("delta<501us", "start"),
            ("delta>=1m", "odd"),
            ("delta:2", "rest"),
            ("fragment:2", "rest"),
            ("fragment:0", ""),
            ("message<2", "trade hello big"),
            ("message!=2", "trade hello big"),
            ("number>=8", "close odd"),
            ("close:1000", "close"),
            ("close>=1000 close<2000", "close"),
            ("close:1006", ""),
            ("close!=1006", "close"),
        ],
    )
    def test_what_is_compared_with_a_number(self, text: str, names: str) -> None:
        assert taken(text) == names

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("hello", "hello"),
            ('"Hello, WORLD"', "hello"),
            ("text:hello", "hello"),
            ('text: "lo, w"', "hello"),
            ("tick", "ping pong"),
            (r'"\u0074ick"', "ping pong"),
            (r'"\"type\""', "trade"),
            ('"or"', "hello"),
            ('"size"', ""),
            ('"a\nb"', ""),
            ("1006", ""),
            ("bye", "close"),
            ("jsonp", ""),
            ("hello!", ""),
            ("/h.llo/", ""),
            ("/h.llo/i", "hello"),
            ("text:/H.llo,\\s/", "hello"),
            ("/o, (w|\\/)/", "hello"),
            (r"/^\xde\xad/", "big"),
            ("/[[a]/", "trade"),
            ("//", ALL),
            ('hex:"de ad"', "big"),
            ("hex:DEAD", "big"),
            ("hex:adde", ""),
            ('hex:""', ALL),
        ],
    )
    def test_what_is_searched_in_the_payload(self, text: str, names: str) -> None:
        assert taken(text) == names

    @pytest.mark.parametrize(
        "text",
        [
            "json",
            "JSON.type",
            "json.type==Trade",
            'json.type=="Trade"',
            "json.type!=trade",
            "json.type:trad",
            'json.type:"RAD"',
            "json.id==7",
            "json.id = 7.0",
            "json.id:7",
            "json.id!=8",
            'json.id!="7"',
            "json.id>6 json.id<=7",
            "json.id<1e400",
            "json.ok==true",
            "json.ok:true",
            "json.ok!=1",
            "json.to",
            "json.to==null",
            "json.to!=NaN",
            "json.items.0.n==1",
            "json.items.*.n>2",
            "json.items.*.n!=1",
            "json.*.*.n:2.5",
            'json."items"."*" or json."type"',
            "not json.no",
            "!json.no!=1",
            "json.type:tr/ json.id or json.type:trade",
        ],
    )
    def test_what_is_asked_of_json_and_true_of_the_trade(self, text: str) -> None:
        assert Filter(text)(ENTRIES["trade"])

    @pytest.mark.parametrize(
        "text",
        [
            "json.Type",
            "json==1",
            "json:trade",
            "json.type==trade",
            "json.type>6",
            'json.id=="7"',
            'json.id:"7"',
            "json.id==true",
            "json.ok==1",
            "json.to==false",
            "json.id==" + "9" * 5000,
            "json.id==NaN",
            "json.no!=1",
            "json.items.2",
            "json.items.00",
            'json.items."0"',
            "json.items.n",
            "json.items." + "9" * 5000,
            "json." + ".".join("*" * 1000),
        ],
    )
    def test_what_is_asked_of_json_and_false_of_the_trade(self, text: str) -> None:
        assert not Filter(text)(ENTRIES["trade"])

    def test_nothing_but_whole_text_frames_is_json(self) -> None:
        assert taken("json") == "trade"


class TestJoining:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("op:text dir:out", "hello"),
            ("op:text and dir:out", "hello"),
            ("op:text AND dir:out", "hello"),
            ("op:ping or op:pong", "ping pong"),
            ("op:ping OR op:pong Or op:close", "ping pong close"),
            ("op:ping or op:text dir:out", "hello ping"),
            ("op:text dir:out or op:ping", "hello ping"),
            ("(op:ping or op:text) dir:out masked", "hello"),
            ("dir:out (op:ping or op:text)", "hello ping"),
            ("not op:data dir:in", "pong close odd"),
            ("Not(op:data or dir:in)", "ping"),
            ("!(op:data or dir:in)", "ping"),
            ("!op:data !dir:in", "ping"),
            ("! op:data and not dir:in", "ping"),
            ("not not op:ping", "ping"),
            ("!not ! op:ping", others("ping")),
            ("not op:ping or op:ping", ALL),
            ("fin !masked op:text", "trade"),
            ("( ( op:ping ) )", "ping"),
            ("tick op:ping", "ping"),
            ("size > 4k wrong or wrong", "odd"),
        ],
    )
    def test_not_binds_more_than_and_that_more_than_or(self, text: str, names: str) -> None:
        assert taken(text) == names

    def test_a_filter_may_be_long(self) -> None:
        assert taken("not " * 9_999 + "op:ping") == others("ping")
        assert taken("fin " * 10_000 + "op:ping") == "ping"
        assert taken("wrong or " * 10_000 + "op:ping") == "ping odd"
        assert taken("(" * 50 + "op:ping" + ")" * 50 + " (op:ping)" * 100) == "ping"


def test_a_filter_shows_how_to_make_it() -> None:
    text = """text:"it's" or x"""
    assert eval(repr(Filter(text)), {"Filter": Filter}).text == text


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "position", "message"),
        [
            ("(", 1, "a term is missing"),
            ("()", 1, "a term is missing before ')'"),
            ("fin or", 6, "a term is missing"),
            ("fin or or", 7, "a term is missing before 'or'"),
            ("And fin", 0, "a term is missing before 'And'"),
            ("not ", 4, "a term is missing"),
            ("fin :", 4, "fin takes no value"),
            (":x", 0, "a term is missing before ':'"),
            ("(fin", 0, "unclosed parenthesis"),
            ("a (b (c)", 2, "unclosed parenthesis"),
            ("fin)", 3, "this parenthesis closes none"),
            ("(" * 51 + "fin" + ")" * 51, 50, "more than 50 parentheses in each other"),
            ("(fin)(fin)", 5, "a blank is missing between two terms"),
            ('say"hi"', 3, "a blank is missing between two terms"),
            ('"a"b', 3, "a blank is missing between two terms"),
            ("send(x)", 4, "a blank is missing between two terms"),
            ("json.a!b", 6, "a blank is missing between two terms"),
            ("  sise>4k", 2, "unknown name 'sise'; is it size?"),
            ("http://x", 0, "unknown name 'http'"),
            ("q" * 31 + ":1", 0, "unknown name '" + "q" * 30 + "…'"),
            ("\x1b[2J:1", 0, r"unknown name '\x1b[2J'"),
            ("wrong=1", 5, "wrong takes no value"),
            ("size", 4, "size needs a value; quote it to search for the word"),
            ("text or x", 4, "text needs a value; quote it to search for the word"),
            ("size>", 5, "a value is missing"),
            ("(size > )", 8, "a value is missing before ')'"),
            ("text:", 5, "a value is missing"),
            ("json.a==", 8, "a value is missing"),
            ("dir<in", 3, "dir takes no <, only : = == !="),
            ("text=='x'", 4, "text takes no ==, only :"),
            ("size>big", 5, "size needs a number, not 'big'"),
            ("size>>4", 5, "size needs a number, not '>4'"),
            ("size>4x", 6, "unknown unit 'x', only b, k, kb, kib, m, mb, mib, g, gb, gib"),
            ('rtt>"5 h"', 6, "unknown unit ' h', only us, ms, s, m"),
            ("ratio>1.5.2", 9, "unknown unit '.2', ratio has none"),
            ("dir:up", 4, "unknown value 'up'"),
            ("op:ping,pnog", 8, "unknown value 'pnog'; is it pong?"),
            ('op:"ping,"', 9, "unknown value ''"),
            ("op:16", 3, "unknown value '16'; is it 6?"),
            ("hex:abc", 4, "hex needs pairs of hex digits"),
            ("hex:é", 4, "hex needs pairs of hex digits"),
            ("json.", 5, "a name is missing in the path"),
            ("json.a..b", 7, "a name is missing in the path"),
            ("json.a>b", 7, "> needs a number, not 'b'"),
            ('json.a<="1"', 8, "<= needs a number, not '1'"),
            ("json.a<true", 7, "< needs a number, not 'true'"),
            ("json.a==[1]", 8, "no list or object can be compared; quote a text"),
            ('fin "abc', 4, "unclosed quote"),
            ('"abc\\', 0, "unclosed quote"),
            ('"a\\d"', 2, "bad escape in quotes"),
            ('json."a', 5, "unclosed quote"),
            ("fin /abc", 4, "unclosed regex; quote a text with a slash"),
            (r"/abc\/", 0, "unclosed regex; quote a text with a slash"),
            ("/api/users", 5, "unknown flag 'users' of a regex; quote a text with slashes"),
            ("x /a[/", 4, "bad regex: unterminated character set"),
            ("text:/(?<\n>)/", 7, r"bad regex: unknown extension ?<\n"),
            ("/a{99999999999999}/", 1, "bad regex: too large a number, or too deep"),
            ("/" + "(" * 9999 + ")" * 9999 + "/", 1, "bad regex: too large a number, or too deep"),
        ],
    )
    def test_each_says_what_is_wrong_and_where(
        self, text: str, position: int, message: str
    ) -> None:
        with pytest.raises(FilterError) as caught:
            Filter(text)
        assert (caught.value.message, caught.value.position) == (message, position)
        assert str(caught.value) == f"at character {position + 1}: {message}"

    def test_is_a_value_error_that_survives_pickling(self) -> None:
        error = pickle.loads(pickle.dumps(FilterError("unclosed quote", 3)))
        assert isinstance(error, FilterError)
        assert isinstance(error, ValueError)
        assert (error.message, error.position) == ("unclosed quote", 3)

    def test_points_at_the_place(self) -> None:
        with pytest.raises(FilterError) as caught:
            Filter("op:text sise>4k")
        assert caught.value.pointer("op:text sise>4k") == "op:text sise>4k\n        ^"

    def test_points_below_what_is_shown_of_wide_and_unprintable_characters(self) -> None:
        assert FilterError("no", 3).pointer("日\x1be\u0301x") == "日\\x1be\u0301x\n       ^"
        assert FilterError("no", 5).pointer("日\x1be\u0301x") == "日\\x1be\u0301x\n        ^"


PIECES = [
    *' ()!":=<>.,*[{/\\\ud800', "and", "or", "not", "dir", "op", "conn", "text", "hex", "size",
    "rtt", "close", "json", "json.a", "json.*.0", "fin", "in", "ping", "==", "!=", "3", "4k",
    "100ms", "1e400", "NaN", "true", "null", "x", "/x/", "/x/i", '"x"',
]  # fmt: skip
texts = st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=2)).map("".join)


def compiled(text: str) -> Filter | FilterError:
    try:
        return Filter(text)
    except FilterError as error:
        return error


@given(texts)
@example('"\ud800"')
@example("/(?P<\ud800>x)/")
@example("json.a==" + "[" * 100_000)
@example('"' * 100_001)
@example("(" * 100_000)
def test_any_text_is_a_filter_or_refused_with_a_position(text: str) -> None:
    made = compiled(text)
    if isinstance(made, Filter):
        assert {made(entry) for entry in ENTRIES.values()} <= {True, False}
        return
    assert 0 <= made.position <= len(text)
    assert made.message.isprintable()
    assert made.message[0] == made.message[0].lower()
    assert made.pointer(text).split("\n")[1].strip(" ") == "^"
