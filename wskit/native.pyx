"""The lock and the socket of the compiled build: as Python's, with no call of Python in between.

A message takes three locks and two system calls. CPython's own methods parse arguments and look for
timeouts each time: measured, a fifth of the instructions that an echo needed outside the kernel.
wskit.primitives says where these are used. Nothing else of wskit is written for C alone.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrno
from cpython.pythread cimport (
    NOWAIT_LOCK,
    PyThread_acquire_lock,
    PyThread_allocate_lock,
    PyThread_free_lock,
    PyThread_release_lock,
)
from libc.errno cimport EINTR, errno

from time import monotonic

cdef extern from "pythread.h" nogil:
    int PY_LOCK_INTR
    int PY_LOCK_ACQUIRED
    int PyThread_acquire_lock_timed(PyThread_type_lock lock, long long microseconds, int interruptible)

cdef extern from *:
    """
    #ifdef _WIN32
    #define WSKIT_POSIX 0
    static Py_ssize_t wskit_recv(int fd, void *at, size_t size) { return -1; }
    static Py_ssize_t wskit_send(int fd, void *at, size_t size) { return -1; }
    #else
    #include <sys/socket.h>
    #define WSKIT_POSIX 1
    static Py_ssize_t wskit_recv(int fd, void *at, size_t size) { return recv(fd, at, size, 0); }
    static Py_ssize_t wskit_send(int fd, void *at, size_t size) { return send(fd, at, size, 0); }
    #endif
    """
    const bint WSKIT_POSIX
    Py_ssize_t wskit_recv(int fd, void *at, size_t size) noexcept nogil
    Py_ssize_t wskit_send(int fd, void *at, size_t size) noexcept nogil

ctypedef Py_ssize_t (*system_call)(int fd, void *at, size_t size) noexcept nogil


cdef class Lock:
    """What wskit uses of ``threading.Lock``, for builds with the global lock, which guards _held."""

    def __cinit__(self):
        self._lock = PyThread_allocate_lock()
        if self._lock is NULL:
            raise MemoryError

    def __dealloc__(self):
        if self._lock is not NULL:
            if self._held:
                PyThread_release_lock(self._lock)
            PyThread_free_lock(self._lock)

    cpdef bint acquire(self, bint blocking=True, double timeout=-1) except -1:
        """Take the lock, or return False; with ``blocking`` after ``timeout`` seconds, -1: never."""
        if PyThread_acquire_lock(self._lock, NOWAIT_LOCK):
            self._held = True
            return True
        return blocking and self._wait(timeout)

    cpdef release(self):
        """Give the lock back, from any thread; RuntimeError if nobody has it."""
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False
        PyThread_release_lock(self._lock)

    cpdef bint locked(self):
        """Return whether somebody has it."""
        return self._held

    cpdef bint __enter__(self) except -1:
        return self.acquire()

    cpdef __exit__(self, kind, error, trace):
        self.release()

    cdef bint _wait(self, double timeout) except -1:
        cdef double end = 0
        cdef double left = timeout
        cdef int outcome
        if timeout >= 0:
            end = monotonic() + timeout
        while True:
            with nogil:
                outcome = PyThread_acquire_lock_timed(
                    self._lock, -1 if timeout < 0 else <long long>(left * 1e6), True
                )
            if outcome == PY_LOCK_ACQUIRED:
                self._held = True
                return True
            if outcome != PY_LOCK_INTR:
                return False
            PyErr_CheckSignals()  # a handler may raise; if not, PEP 475 has us go on
            if timeout >= 0:
                left = max(0.0, end - monotonic())


cdef class DirectSocket:
    """A Transport on a non-blocking socket, which it owns.

    As for each Transport: whoever closes it has seen to it that no thread is in another method.
    """

    def __init__(self, sock):
        self._sock = sock
        self._fd = sock.fileno()

    def recv_into(self, target, /):
        """Read up to ``len(target)`` bytes; 0 at the end, BlockingIOError when there is nothing."""
        if not WSKIT_POSIX:
            return self._sock.recv_into(target)
        return _call(wskit_recv, self._fd, target, PyBUF_WRITABLE)

    def send(self, data, /):
        """Write some of ``data``, return how much; BlockingIOError when there is no room."""
        if not WSKIT_POSIX:
            return self._sock.send(data)
        return _call(wskit_send, self._fd, data, PyBUF_SIMPLE)

    def shutdown(self, how, /):
        """End one or both directions."""
        self._sock.shutdown(how)

    def fileno(self):
        """Return the descriptor; -1 once closed."""
        return self._sock.fileno()

    def close(self):
        """Close the socket."""
        self._fd = -1
        self._sock.close()


cdef Py_ssize_t _call(system_call call, int fd, data, int access) except -1:
    """Do ``call`` on the bytes of ``data``, without the global lock, and again after a signal."""
    cdef Py_buffer view
    cdef Py_ssize_t count
    PyObject_GetBuffer(data, &view, access)
    try:
        while True:
            with nogil:
                count = call(fd, view.buf, view.len)
            if count >= 0:
                return count
            if errno != EINTR:
                PyErr_SetFromErrno(OSError)
            PyErr_CheckSignals()  # a handler may raise; if not, PEP 475 has us go on
    finally:
        PyBuffer_Release(&view)
