"""What a server knows of its handler class: its shapes, its callbacks, what is wrong with it."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import pytest

from wskit import Server
from wskit.conn import Conn
from wskit.errors import HandshakeError, HandshakeRejected
from wskit.protocol.handshake import Handshake
from wskit.protocol.headers import Headers
from wskit.protocol.opcodes import MessageType
from wskit.scratch import Scratch
from wskit.server.handlers import HandlerClass

HANDSHAKE = Handshake("/", Headers())
CONN = cast(Conn, object())  # handlers are only handed it on


class Plain:
    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        self.given: list[object] = [handshake, conn]

    def client_message(self, data: str | bytes) -> None:
        self.given.append(data)


class WithApp(Plain):
    def __init__(self, handshake: Handshake, conn: Conn, app: object) -> None:
        super().__init__(handshake, conn)
        self.given.append(app)


class OptionalApp(Plain):
    def __init__(self, handshake: Handshake, conn: Conn, app: object = None) -> None:
        super().__init__(handshake, conn)
        self.given.append(app)


class TestMaking:
    def test_without_app(self) -> None:
        handler = HandlerClass(Plain).make(HANDSHAKE, CONN, "app")
        assert cast(Plain, handler).given == [HANDSHAKE, CONN]

    @pytest.mark.parametrize("kind", [WithApp, OptionalApp])
    def test_with_app(self, kind: type[Plain]) -> None:
        handler = HandlerClass(kind).make(HANDSHAKE, CONN, "app")
        assert cast(Plain, handler).given == [HANDSHAKE, CONN, "app"]

    def test_what_init_raises_comes_out(self) -> None:
        class Refuses(Plain):
            def __init__(self, handshake: Handshake, conn: Conn) -> None:
                raise HandshakeRejected(401)

        with pytest.raises(HandshakeRejected):
            HandlerClass(Refuses).make(HANDSHAKE, CONN, None)


class TestAfterInit:
    @pytest.mark.parametrize("wants_app", [False, True])
    def test_is_called_with_the_app_if_it_takes_one(self, wants_app: bool) -> None:
        given: list[object] = []

        class Without(Plain):
            def after_init(self) -> None:
                given.append("nothing")

        class With(Plain):
            def after_init(self, app: object) -> None:
                given.append(app)

        handlers = HandlerClass(With if wants_app else Without)
        handlers.after_init(handlers.make(HANDSHAKE, CONN, "app"), "app")
        assert given == ["app" if wants_app else "nothing"]

    def test_may_be_missing(self) -> None:
        handlers = HandlerClass(Plain)
        handlers.after_init(handlers.make(HANDSHAKE, CONN, None), None)


class Data(Plain):
    pass


class DataType(Plain):
    def client_message(self, data: str | bytes, type: MessageType) -> None:  # type: ignore[override]
        self.given += [data, type]


class AllocatorData(Plain):
    def client_message(self, allocator: Scratch, data: str | bytes) -> None:  # type: ignore[override]
        self.given += [allocator, data]


class AllocatorDataType(Plain):
    def client_message(  # type: ignore[override]
        self, allocator: Scratch, data: str | bytes, type: MessageType
    ) -> None:
        self.given += [allocator, data, type]


class TestMessage:
    SCRATCH = Scratch(8)
    SHAPES: ClassVar[list[tuple[type[Plain], list[object]]]] = [
        (DataType, ["hi", MessageType.TEXT]),
        (AllocatorData, [SCRATCH, "hi"]),
        (AllocatorDataType, [SCRATCH, "hi", MessageType.TEXT]),
    ]

    @pytest.mark.parametrize(("kind", "given"), SHAPES)
    def test_is_called_in_the_shape_that_it_has(
        self, kind: type[Plain], given: list[object]
    ) -> None:
        handlers = HandlerClass(kind)
        handler = handlers.make(HANDSHAKE, CONN, None)
        assert not handlers.plain
        handlers.message(handler, 1, "hi", self.SCRATCH)
        assert cast(Plain, handler).given[2:] == given

    def test_the_plain_shape_is_marked_so_that_it_is_called_directly(self) -> None:
        assert HandlerClass(Data).plain

    @pytest.mark.parametrize("fails", [False, True])
    def test_scratch_memory_is_void_afterwards(self, fails: bool) -> None:
        pieces: list[memoryview] = []

        class Keeps(Plain):
            def client_message(self, allocator: Scratch, data: bytes) -> None:  # type: ignore[override]
                pieces.append(allocator.alloc(4))
                if fails:
                    raise LookupError

        handlers = HandlerClass(Keeps)
        handler = handlers.make(HANDSHAKE, CONN, None)
        try:
            handlers.message(handler, 2, b"", Scratch(8))
        except LookupError:
            assert fails
        with pytest.raises(ValueError, match="released"):
            pieces[0][0]


class TestErrorHook:
    def test_chooses_the_answer(self) -> None:
        class Hooked(Plain):
            @staticmethod
            def handshake_error_response(error: Exception) -> HandshakeRejected | None:
                return HandshakeRejected(402) if isinstance(error, KeyError) else None

        handlers = HandlerClass(Hooked)
        answer = handlers.error_response(KeyError())
        assert answer is not None
        assert answer.status == 402
        assert handlers.error_response(ValueError()) is None

    def test_may_be_a_class_method(self) -> None:
        class Hooked(Plain):
            @classmethod
            def handshake_error_response(cls, error: Exception) -> HandshakeError:
                return HandshakeError(500, cls.__name__)

        answer = HandlerClass(Hooked).error_response(KeyError())
        assert str(answer) == "Hooked"

    def test_must_give_an_answer_or_none(self) -> None:
        class Hooked(Plain):
            @staticmethod
            def handshake_error_response(error: Exception) -> bytes:
                return b"no"

        with pytest.raises(TypeError, match=r"^handshake_error_response: must return"):
            HandlerClass(Hooked).error_response(KeyError())

    def test_needs_to_be_static(self) -> None:
        class Hooked(Plain):
            def handshake_error_response(self, error: Exception) -> None: ...

        with pytest.raises(TypeError, match=r"Hooked\.handshake_error_response: .*static"):
            HandlerClass(Hooked)

    def test_may_be_missing(self) -> None:
        assert HandlerClass(Plain).error_response(KeyError()) is None


def test_optional_callbacks_are_told_apart_once() -> None:
    class All(Plain):
        def client_ping(self, data: bytes) -> None: ...
        def client_pong(self, data: bytes) -> None: ...
        def client_close(self, data: bytes) -> None: ...
        def close(self) -> None: ...

    for kind, has in ((All, True), (Plain, False)):
        handlers = HandlerClass(kind)
        assert handlers.has_ping is has
        assert handlers.has_pong is has
        assert handlers.has_close_frame is has
        assert handlers.has_close is has


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("__init__", lambda self: None),
        ("__init__", lambda self, handshake: None),
        ("__init__", lambda self, a, b, c, d: None),
        ("__init__", lambda self, handshake, conn, *, app: None),
        ("__init__", object.__init__),
        ("client_message", lambda self: None),
        ("client_message", lambda self, a, b, c: None),
        ("client_message", lambda self, data, type, more, extra: None),
        ("after_init", lambda self, app, more: None),
        ("client_ping", lambda self: None),
        ("client_pong", lambda self, data, more: None),
        ("client_close", lambda self, code, reason: None),
        ("close", lambda self, code: None),
        ("handshake_error_response", staticmethod(lambda: None)),
    ],
)
def test_a_wrong_signature_is_an_error_of_the_server_that_names_the_method(
    name: str, method: Any
) -> None:
    kind = type("Chat", (Plain,), {name: method})
    with pytest.raises(TypeError, match=rf"^Chat\.{name}: "):
        Server(kind)


def test_client_message_must_be_there() -> None:
    class Empty:
        def __init__(self, handshake: Handshake, conn: Conn) -> None: ...

    with pytest.raises(TypeError, match=r"^Empty: must have a method client_message\(self, data\)"):
        Server(Empty)


@pytest.mark.parametrize("kind", [None, Plain(HANDSHAKE, CONN), lambda handshake, conn: None])
def test_a_handler_is_a_class(kind: Any) -> None:
    with pytest.raises(TypeError, match=r"^Handler: must be a class, not"):
        Server(kind)
