cimport cython
from .parser cimport FrameParser

cdef class Utf8Validator:
    cdef bytes _rest

    @cython.locals(used=Py_ssize_t)
    cpdef feed(self, piece, bint final=*)

cdef class Assembler:
    cdef FrameParser _parser
    cdef Py_ssize_t _max_size, _fragments, _mark
    cdef object _max_fragments, _inflater, _opcode
    cdef bint _inflating
    cdef bytearray _buffer
    cdef Utf8Validator _validator
    cdef public bint watched
    cdef public bytes inflated

    @cython.locals(first=int, opcode=int)
    cpdef tuple take(self)
    cpdef glance(self)
    cpdef abandon(self)
    cdef _open(self, int first)
    cdef tuple _add(self, payload, bint final)
    cdef _inflate_rest(self, bint final)
    @cython.locals(room=Py_ssize_t)
    cdef _inflate(self, piece, bint final)
    @cython.locals(buffer=bytearray)
    cdef tuple _finish(self, payload)

@cython.locals(data=bytes)
cdef str _text(payload)
cdef bytes _octets(payload)
