"""Many runs of many studies, on one machine or a cluster; a batch that was interrupted goes on where it stopped.

`run_batch` does what is missing of a plan, `status` says how far a batch is, `compare` sets its runs side by side.
"""

from __future__ import annotations

from sharesim.batch.compare import Comparison, compare
from sharesim.batch.execute import BatchOptions, BatchResult, run_batch
from sharesim.batch.plan import Plan, read_plan
from sharesim.batch.status import BatchStatus, status

__all__ = [
    "BatchOptions",
    "BatchResult",
    "BatchStatus",
    "Comparison",
    "Plan",
    "compare",
    "read_plan",
    "run_batch",
    "status",
]
