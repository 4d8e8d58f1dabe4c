"""Autobahn's wstest on the loopback interface only. For Python 2.7, readable by Python 3.

    loopback_wstest.py --list-cases      print the ids of all cases of the suite
    loopback_wstest.py ARGUMENTS...      what `wstest ARGUMENTS...` does

wstest's fuzzingserver binds 0.0.0.0 whatever its URL says. Here Twisted binds 127.0.0.1 whatever
it is asked, and the real URL is printed, so port 0 is of use. The process ends when its standard
input does, so it cannot outlive whoever started it.
"""

import os
import sys
import threading

LOOPBACK = "127.0.0.1"


def list_cases():  # type: () -> None
    """Print every case id of the suite, one a line."""
    from autobahntestsuite import case, caseset  # type: ignore[import-not-found]

    suite = caseset.CaseSet(
        case.CaseSetname, case.CaseBasename, case.Cases, case.CaseCategories, case.CaseSubCategories
    )
    for each in suite.Cases:
        sys.stdout.write(suite.caseClasstoId(each) + "\n")


def end_with_stdin():  # type: () -> None
    """Wait until standard input ends, then end the process whatever it is doing."""
    sys.stdin.read()
    os._exit(3)


def bind_loopback_only():  # type: () -> None
    """Make the reactor listen on 127.0.0.1 whatever it is asked, and print the URL."""
    from twisted.internet import reactor  # type: ignore[import-not-found]

    listen = reactor.listenTCP

    def listen_on_loopback(port, factory, backlog=50, interface=""):  # type: ignore[no-untyped-def]
        listener = listen(port, factory, backlog, LOOPBACK)
        sys.stdout.write("ws://%s:%d\n" % (LOOPBACK, listener.getHost().port))  # noqa: UP031
        return listener

    reactor.listenTCP = listen_on_loopback


def run_wstest():  # type: () -> None
    """Run wstest with the arguments of this process."""
    watch = threading.Thread(target=end_with_stdin)
    watch.daemon = True
    watch.start()
    # Imported first: it chooses the reactor.
    from autobahntestsuite import wstest

    bind_loopback_only()
    wstest.run()


if __name__ == "__main__":
    # The folder of this file holds Python 3 modules, which Python 2 must not import by accident.
    del sys.path[0]
    if sys.argv[1:] == ["--list-cases"]:
        list_cases()
    else:
        run_wstest()
