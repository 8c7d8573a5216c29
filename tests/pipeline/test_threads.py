import os
import subprocess
import sys

import pytest

CODE = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import numba, torch
from graphrec.pipeline.run import set_threads
set_threads(4)
print(numba.get_num_threads(), torch.get_num_threads())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system binds no process to processors")
def test_a_process_bound_to_one_processor_may_be_told_of_more_workers() -> None:
    """As in a container with a share of the machine; numba refuses more threads than processors it may run on."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_NUM_THREADS"}
    told = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False)
    assert told.stdout.split() == ["1", "4"], told.stderr
