cimport cython
from .frames cimport encode, header
from .messages cimport Assembler
from .parser cimport FrameParser

cdef int _FIN

cdef class Protocol:
    cdef readonly Assembler _assembler
    cdef object _compression, _deflate, _deflater, _next_key
    cdef bint _sending
    cdef public object _preview
    cdef public FrameParser parser
    cdef public object side, failed, tap, gate
    cdef public bint writable
    cdef public tuple close_sent, close_received

    cpdef tuple next_event(self)
    @cython.locals(parser=FrameParser, opcode=int, payload=bytes)
    cdef tuple _control(self)
    cdef bint _skips_in(self) except -1
    @cython.locals(assembler=Assembler)
    cdef tuple _take_watched(self, tap)
    @cython.locals(assembler=Assembler, parser=FrameParser)
    cdef _tap_in(self, tap)

    cpdef bytes data(self, int opcode, payload, compress=*, bint fin=*)
    cpdef bytes framed(self, bytes frame)
    cpdef bytes control(self, int opcode, payload)
    cpdef bytes close(self, code=*, str reason=*)
    cpdef bytes reply(self, tuple event)
    cpdef bytes fail(self, error)
    cpdef lose(self)
    cpdef closed(self)
    cdef bint _wants_deflate(self, Py_ssize_t size, compress) except -1
    @cython.locals(small=bytes)
    cdef bytes _compressed(self, int opcode, payload)
    cdef bytes _fragment(self, int opcode, payload, bint fin)
    cdef bytes _frame(self, int first, payload, plain)
    cdef bint _skips_out(self) except -1
    cdef _tap_out(self, tap, int first, Py_ssize_t wire_length, plain)
