cimport cython
from .masking cimport plain, rotated, unmask_in_place, unmasked

cdef object _UINT64, _KEY_AT
cdef int _GROWTH

cdef class FrameParser:
    cdef int _mask_bit
    cdef bytes _legal, _legal_closed
    cdef object _lender
    cdef Py_ssize_t _small, _body, _filled, _seen
    cdef unsigned int _key
    cdef public bytearray buffer, loan
    cdef public Py_ssize_t start, end, room, deflated_room, size
    cdef public int first
    cdef public object payload
    cdef public bint in_body

    cpdef object target(self)
    cpdef received(self, Py_ssize_t count)

    @cython.locals(
        start=Py_ssize_t, end=Py_ssize_t, body=Py_ssize_t, stop=Py_ssize_t, size=Py_ssize_t,
        extra=Py_ssize_t, first=int, mask_bit=int, buffer=bytearray, octets="const unsigned char *",
    )
    cpdef bint next(self)

    @cython.locals(seen=Py_ssize_t, holder=bytearray, octets="const unsigned char *")
    cpdef object unseen(self)
    cpdef release(self)
    cpdef abandon(self)

    cdef _move_to_front(self, bytearray buffer, Py_ssize_t start)
    cdef object _illegal(self, int first)
    @cython.locals(present=Py_ssize_t, loan=bytearray)
    cdef _begin_body(self, bytearray buffer, Py_ssize_t body)
    @cython.locals(at=Py_ssize_t)
    cdef _take(self, bytearray holder, Py_ssize_t count)
    @cython.locals(at=Py_ssize_t, buffer=bytearray)
    cdef bint _continue_body(self) except -1
    @cython.locals(larger=bytearray)
    cdef bint _continue_loan(self, bytearray loan) except -1

cdef Py_ssize_t _long_size(bytearray octets, Py_ssize_t at, Py_ssize_t extra) except -1
