from .native cimport Lock

cdef class BufferProvider:
    cdef object __weakref__
    cdef public object count, size, max
    cdef Lock _lock
    cdef object _dynamic_bytes
    cdef list _free
    cdef Py_ssize_t _in_use, _high_water, _hits, _misses, _dynamic, _unmade

    cpdef bytearray lend(self, size)
    cpdef release(self, bytearray buffer)
