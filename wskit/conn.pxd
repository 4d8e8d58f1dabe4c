cimport cython
from .outbound cimport Outbound
from .protocol.connection cimport Protocol

cdef class Conn:
    cdef object __weakref__
    cdef public Protocol _protocol
    cdef public Outbound _outbound
    cdef public object address, subprotocol
    cdef public Py_ssize_t _messages_in, _messages_out, _received
    cdef public object _latency, _ping_sent, _tap
    cdef public tuple _watch_taps

    @cython.locals(outbound=Outbound)
    cpdef _ready(self, Py_ssize_t size)
    @cython.locals(outbound=Outbound)
    cpdef _write(self, int opcode, payload, compress, bint fin=*)
    @cython.locals(outbound=Outbound)
    cpdef _control(self, int opcode, data)
    @cython.locals(outbound=Outbound)
    cpdef _close(self, code, str reason)
    @cython.locals(outbound=Outbound)
    cpdef bint _offer(self, bytes frame) except -1
    @cython.locals(outbound=Outbound)
    cpdef _keep_alive(self, double now)
    cpdef _pong(self, data)

cdef _octets(data)
cdef _text_octets(data)
