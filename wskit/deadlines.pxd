cdef class Deadline:
    cdef object _at
