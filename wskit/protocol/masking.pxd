cimport cython

cdef bint _COMPILED

cpdef bytes masked(payload, unsigned long long key)

@cython.locals(frame=bytes)
cpdef bytes masked_frame(bytes head, payload, unsigned long long key)

@cython.locals(octets="unsigned char *", at=Py_ssize_t, key="unsigned int")
cpdef bytes unmasked(bytearray buffer, Py_ssize_t start, Py_ssize_t stop)

@cython.locals(octets="const unsigned char *")
cpdef bytes plain(bytearray buffer, Py_ssize_t start, Py_ssize_t stop)

cpdef unmask_in_place(bytearray buffer, Py_ssize_t start, Py_ssize_t stop, unsigned long long key)

@cython.locals(shift=int)
cpdef unsigned long long rotated(unsigned long long key, Py_ssize_t count) noexcept

@cython.locals(
    one="unsigned char", two="unsigned char", three="unsigned char", four="unsigned char",
)
cdef void _xor(unsigned char *octets, Py_ssize_t at, Py_ssize_t stop, unsigned int key) noexcept
