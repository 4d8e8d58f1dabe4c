cimport cython
from ..conn cimport Conn
from ..native cimport Lock
from ..protocol.connection cimport Protocol
from .read_loop cimport ServerCallbacks
from .reader cimport Reader

cdef class Client(Conn):
    cdef public object _config, _transport, _engine, _pinger, _keepalive, _loop_thread
    cdef public Reader _reader
    cdef public object read_timeout, response

    @cython.locals(reader=Reader, opcode=int, event=tuple)
    cdef _next(self, deadline, bint control_frames)
    @cython.locals(opcode=int)
    cdef _count(self, tuple event)
    cdef _loop(self, ServerCallbacks callbacks)
    @cython.locals(protocol=Protocol, event=tuple)
    cdef _deliver_all(self, ServerCallbacks callbacks)
    cdef _deliver(self, ServerCallbacks callbacks, tuple event)
    @cython.locals(lock=Lock)
    cdef _take_reader(self, str what, deadline)
    cdef _start_reading(self, str what, deadline)
    cdef _stop_reading(self, bint over, deadline)
    cpdef _close(self, code, str reason)
