cimport cython
from ..conn cimport Conn
from ..outbound cimport Outbound
from ..protocol.connection cimport Protocol
from ..protocol.parser cimport FrameParser
from .hub cimport Hub
from .turns cimport Turns

cdef object _OPEN, _LINGERING, _GONE

cdef class Session(Turns):
    cdef public object _alarm, _handler, _lingering, _phase, _runner
    cdef public double _deadline
    cdef public bint _greedy, _stalled, counted_out
    cdef public bytes _leftover
    cdef public Conn conn
    cdef public Hub _hub
    cdef public Outbound _outbound

    @cython.locals(
        conn=Conn, outbound=Outbound, protocol=Protocol, parser=FrameParser, count=Py_ssize_t, full=bint
    )
    cpdef step(self)
    @cython.locals(
        protocol=Protocol, parser=FrameParser, plain=bint, opcode=int, more=bint, event=tuple
    )
    cdef _deliver(self, Conn conn, Outbound outbound, Hub hub)
    cdef _message(self, handler, tuple event)
    @cython.locals(parser=FrameParser, size=Py_ssize_t)
    cdef _catch_up(self)
    @cython.locals(parser=FrameParser)
    cdef _borrow(self)
    @cython.locals(parser=FrameParser)
    cdef _rest(self)
    cdef _control(self, tuple event)
    @cython.locals(outbound=Outbound)
    cdef _reply(self, tuple event)
