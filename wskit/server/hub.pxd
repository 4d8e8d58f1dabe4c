cdef class Hub:
    cdef public object config, handlers, monitor, app, server, stopping, large, small
    cdef public bint chatty, plain, pooled
    cdef object _lock, _totals, _failures
    cdef Py_ssize_t _taken, _refusing, _pending
