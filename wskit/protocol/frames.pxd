cimport cython
from .masking cimport masked_frame

cdef int _MASK
cdef dict _READY

@cython.locals(ready=list)
cpdef bytes header(int first, Py_ssize_t size, int mask=*)

cpdef bytes encode(int first, payload, key=*)

cdef bint _may_appear(object code) except -1
cpdef tuple parse_close(bytes payload)
