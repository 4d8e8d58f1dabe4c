cdef class ServerCallbacks:
    cdef object _shape, _message, _close, _scratch
    cdef readonly object ping, pong, close_frame

    cpdef deliver(self, tuple event, answer)
    cpdef message(self, int opcode, data)
    cdef _with_scratch(self, call, int opcode, data)
