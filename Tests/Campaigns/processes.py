"""Processes of runs, for campaigns that look at them or end them."""
import os, signal


def reading(name):
    """Of every process there is, its pid and a file of its folder in /proc, split at its NULs."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                yield int(pid), file.read().split(b"\0")
        except OSError:
            pass


def supervisors(run):
    """The supervisors of a run, by its directory."""
    return [pid for pid, words in reading("cmdline") if words[1:2] == [b"supervisor"] and os.fsencode(run) in words]


def with_variable(name, value):
    return [pid for pid, variables in reading("environ") if os.fsencode(f"{name}={value}") in variables]


def tell(pids, number=signal.SIGKILL):
    """Sends a signal to those that are still there. Returns to how many."""
    told = 0
    for pid in pids:
        try:
            os.kill(pid, number)
            told += 1
        except ProcessLookupError:
            pass
    return told
