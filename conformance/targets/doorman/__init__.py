"""The doorman: the program between the harness and a target. It builds the cell from the inside, starts the
target in it, hands sockets of the cell out by descriptor, freezes and searches it, and ends everything in it
when the harness ends.

It runs alone (`python -I -S`) in namespaces of its own and needs nothing but the standard library, so that it
starts in a few milliseconds. There it is found as `doorman`, so its modules name each other relatively. The
harness speaks to it over a socket: one JSON object a packet, descriptors beside it.
"""
