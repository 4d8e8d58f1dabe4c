cimport cython

cdef int HUNG_UP

cdef class Turns:
    cdef public object _turn
    cdef public int fd
    cdef public bint _again, hung_up

    cpdef on_ready(self, int mask)
    cpdef hold(self, work)
    cpdef step(self)
