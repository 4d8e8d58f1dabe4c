"""Handler classes are looked at once: the four shapes of a message callback, and wrong methods."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from wskit.callbacks import MessageShape, defines, message_shape, takes


def handler(method: Any, name: str = "on_message") -> type:
    return type("H", (), {name: method})


class TestMessageShape:
    @pytest.mark.parametrize(
        ("method", "shape"),
        [
            (lambda self, data: None, MessageShape.DATA),
            (lambda self, text: None, MessageShape.DATA),
            (lambda self, data, type: None, MessageShape.DATA_TYPE),
            (lambda self, data, kind: None, MessageShape.DATA_TYPE),
            (lambda self, allocator, data: None, MessageShape.ALLOCATOR_DATA),
            (lambda self, allocator, data, type: None, MessageShape.ALLOCATOR_DATA_TYPE),
            (lambda self, data, /: None, MessageShape.DATA),
            (lambda self, data, *, flag=False: None, MessageShape.DATA),
            (lambda self, data, *rest: None, MessageShape.DATA),
        ],
    )
    def test_is_told_by_count_and_by_the_name_allocator(
        self, method: Callable[..., None], shape: MessageShape
    ) -> None:
        assert message_shape(handler(method), "on_message") is shape

    @pytest.mark.parametrize(
        ("method", "takes"),
        [
            (lambda self: None, "takes (),"),
            (lambda: None, "takes (),"),
            (lambda *everything: None, "takes (),"),
            (lambda self, allocator: None, "takes (allocator),"),
            (lambda self, a, b, c: None, "takes (a, b, c),"),
            (lambda self, allocator, b, c, d: None, "takes (allocator, b, c, d),"),
        ],
    )
    def test_of_another_kind_is_an_error_that_names_the_method(
        self, method: Callable[..., None], takes: str
    ) -> None:
        with pytest.raises(TypeError, match=rf"^H\.on_message: {re.escape(takes)}"):
            message_shape(handler(method), "on_message")

    @pytest.mark.parametrize("method", [None, 3, "text"])
    def test_what_is_no_method_is_missing(self, method: object) -> None:
        with pytest.raises(TypeError, match=r"^H: must have a method on_message\(self, data\)"):
            message_shape(handler(method), "on_message")
        with pytest.raises(TypeError, match=r"^H: must have a method on_other"):
            message_shape(handler(method), "on_other")

    def test_is_found_in_a_base_class(self) -> None:
        base = handler(lambda self, data, type: None)
        assert message_shape(type("D", (base,), {}), "on_message") is MessageShape.DATA_TYPE

    def test_a_static_method_and_a_class_method_have_no_self(self) -> None:
        static = handler(staticmethod(lambda data: None))
        by_class = handler(classmethod(lambda cls, data, type: None))
        assert message_shape(static, "on_message") is MessageShape.DATA
        assert message_shape(by_class, "on_message") is MessageShape.DATA_TYPE

    def test_what_must_be_given_by_keyword_cannot_be_called(self) -> None:
        with pytest.raises(TypeError, match=r"^H\.on_message: .*flag"):
            message_shape(handler(lambda self, data, *, flag: None), "on_message")


class TestTakes:
    @pytest.mark.parametrize(
        ("method", "allowed", "count"),
        [
            (lambda self: None, (0, 1), 0),
            (lambda self, app: None, (0, 1), 1),
            (lambda self, app=None: None, (0, 1), 1),
            (lambda self, a, b, c=None: None, (2, 3), 3),
            (lambda self, a, b: None, (2, 3), 2),
            (lambda self, data, extra=1: None, (1,), 1),
            (lambda self, *everything: None, (2, 3), 3),
            (lambda self, first, *rest: None, (1,), 1),
        ],
    )
    def test_gives_the_most_arguments_that_fit(
        self, method: Callable[..., None], allowed: tuple[int, ...], count: int
    ) -> None:
        assert takes(handler(method), "on_message", *allowed) == count

    @pytest.mark.parametrize(
        ("method", "allowed", "message"),
        [
            (lambda self: None, (1,), "takes 0 arguments besides self, must take 1"),
            (lambda self, a, b: None, (0, 1), "takes 2 arguments besides self, must take 0 or 1"),
        ],
    )
    def test_names_the_method_when_none_fits(
        self, method: Callable[..., None], allowed: tuple[int, ...], message: str
    ) -> None:
        with pytest.raises(TypeError, match=rf"^H\.on_message: {message}$"):
            takes(handler(method), "on_message", *allowed)

    def test_what_must_be_given_by_keyword_cannot_be_called(self) -> None:
        with pytest.raises(TypeError, match=r"^H\.on_message: .*flag"):
            takes(handler(lambda self, data, *, flag: None), "on_message", 1)


def test_defines_asks_for_a_method_not_for_any_attribute() -> None:
    assert defines(handler(lambda self: None), "on_message")
    assert not defines(handler(None), "on_message")
    assert not defines(handler(None), "other")
