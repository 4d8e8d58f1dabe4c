cimport cython
from ..conn cimport Conn
from ..native cimport Lock
from ..outbound cimport Outbound
from ..protocol.connection cimport Protocol
from ..protocol.parser cimport FrameParser

cdef class Reader:
    cdef Conn _conn
    cdef object _transport, _readable
    cdef bint _tls
    cdef bytes _leftover
    cdef readonly tuple _owed
    cdef readonly object ended
    cdef readonly Lock lock

    @cython.locals(protocol=Protocol)
    cpdef tuple parsed(self)
    @cython.locals(looked=bint, event=tuple)
    cpdef tuple event(self, deadline)
    @cython.locals(conn=Conn, outbound=Outbound)
    cpdef send_last(self, make, deadline)
    @cython.locals(protocol=Protocol)
    cpdef finish(self, deadline)
    @cython.locals(outbound=Outbound)
    cpdef end(self)
    @cython.locals(parser=FrameParser, count=Py_ssize_t)
    cdef bint _receive(self, deadline) except -1
    @cython.locals(parser=FrameParser, size=Py_ssize_t)
    cdef _take_leftover(self)
    @cython.locals(outbound=Outbound)
    cdef _pay(self)
    cdef _discard(self, deadline)
