"""Jobs beside one another, whose results come as they are found."""

from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue


def results(jobs, at_a_time):
    """What the jobs hand over, each a function of `put`; so many of them run at a time.

    What a job raises is raised when the others are done.
    """
    found, left, raised = SimpleQueue(), len(jobs), None
    with ThreadPoolExecutor(at_a_time) as pool:
        for job in jobs:
            pool.submit(job, found.put).add_done_callback(found.put)
        while left:
            one = found.get()
            if isinstance(one, Future):
                raised = raised or one.exception()
                left -= 1
            else:
                yield one
    if raised:
        raise raised
