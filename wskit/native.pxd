from cpython.pythread cimport PyThread_type_lock

cdef class Lock:
    cdef PyThread_type_lock _lock
    cdef bint _held

    cpdef bint acquire(self, bint blocking=*, double timeout=*) except -1
    cpdef release(self)
    cpdef bint locked(self)
    # Of a name whose type is known, a with statement calls these as C.
    cpdef bint __enter__(self) except -1
    cpdef __exit__(self, kind, error, trace)
    cdef bint _wait(self, double timeout) except -1

cdef class DirectSocket:
    cdef object _sock
    cdef int _fd
