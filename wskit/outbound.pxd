cimport cython
from .native cimport Lock

cdef int _GATHER_MAX

cdef class Outbound:
    cdef list _frames
    cdef object _limit, _timeout
    cdef public object transport, engine, _room
    cdef public Lock lock
    cdef public bint gathering, blocked, watched, lost
    cdef public Py_ssize_t queued, sent

    @cython.locals(sent=Py_ssize_t)
    cpdef put(self, frame)
    cpdef wait_for_room(self, Py_ssize_t size)
    cpdef bint has_room(self, Py_ssize_t size) except -1
    cpdef flush(self)
    @cython.locals(frames=list, sent=Py_ssize_t)
    cpdef resume(self)
    cpdef drain(self, unwatch)
    cpdef fail(self)
    cpdef abandon(self)
    cpdef hold(self)
    cpdef open(self, bytes first)
    cdef _queue(self, frame)
    cdef _block(self, data, Py_ssize_t sent)
