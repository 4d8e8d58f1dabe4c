cimport cython
from ..native cimport Lock

cdef int HUNG_UP

cdef class Turns:
    cdef public Lock _turn
    cdef public int fd
    cdef public bint _again, hung_up

    @cython.locals(turn=Lock)
    cpdef on_ready(self, int mask)
    cpdef hold(self, work)
    cpdef step(self)
