### Why there is no connection. Each is the end of a sentence, or begins one of its own: no full stop.

cause-status = the server answered { $status }
cause-silent = nothing heard for { $seconds } s
