cimport cython
from .hub cimport Hub
from .turns cimport Turns

cdef class HandlerThread:
    cdef public bint leading, polling
    cdef public object wakeup, thread

cdef class Worker:
    cdef public object _poller, _waker, _ready, _later, _lock, _local
    cdef public Hub _hub
    cdef public dict _entries
    cdef public list _parked, _threads
    cdef public HandlerThread _leader
    cdef public bint _stopping
    cdef public Py_ssize_t _turns, _turns_seen, _most
    cdef public double _slow_until

    @cython.locals(fd=int, mask=int, entry=Turns)
    cpdef _run(self, HandlerThread me)
    cdef bint _take_the_lead(self, HandlerThread me) except -1
    cdef bint _vacant(self) except -1
    cdef _appoint(self, HandlerThread member)
    @cython.locals(member=HandlerThread)
    cdef _relieve(self)
    @cython.locals(fd=int, mask=int, entry=Turns)
    cdef _help(self)
    cdef _wake_up(self, int fd)
    cdef bint _leader_at_work(self) except -1
    cdef bint _admit_later(self) except -1
    cpdef _poll(self, HandlerThread me)
