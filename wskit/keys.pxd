cdef list _keys
cpdef next_key()
