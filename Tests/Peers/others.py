"""How much of the CPU other programs used meanwhile."""
import os
import resource
import time


def busy_seconds():
    """Seconds that all cores together have worked since the machine started."""
    with open("/proc/stat") as stat:
        ticks = [int(field) for field in stat.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def own_seconds():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class Others:
    """`with Others() as others: ...`, then `others.share`, of all cores, from 0 to 1."""

    def __enter__(self):
        self.start = time.monotonic(), busy_seconds(), own_seconds()
        return self

    def __exit__(self, *_):
        wall = time.monotonic() - self.start[0]
        others = (busy_seconds() - self.start[1]) - (own_seconds() - self.start[2])
        self.share = max(0.0, others) / (wall * os.cpu_count())
