"""What may be fed to the readers of files, for fuzzers of any kind.

The first byte of an input says which file it stands for; the rest is the file. Every file ends in a result or in faults
that can be read: anything else is an exception that the fuzzer finds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import sharesim.starter
from sharesim.batch.expand import Expansion
from sharesim.batch.manifest import BatchFolder
from sharesim.batch.plan import read_plan
from sharesim.batch.sealed import write_sealed
from sharesim.batch.status import status
from sharesim.batch.tables import run_table
from sharesim.errors import SharesimError
from sharesim.study.load import load
from sharesim.study.overrides import read_assignment

MOST_PLANNED = 200
RUN = "0123456789abcdef0123"


class Readers:
    """The readers of files, over a study whose other files are sound.

    Parameters
    ----------
    folder : Path
        Where files are written; emptied of what they leave.
    """

    def __init__(self, folder: Path) -> None:
        self.study, self.plan, self.batch = folder / "study", folder / "plan", BatchFolder(folder / "batch")
        self.sound = starter_files()
        for place in (self.study, self.plan, self.batch.run(RUN)):
            place.mkdir(parents=True)
        for name, data in self.sound.items():
            (self.study / name).write_bytes(data)
        self.readers: tuple[Callable[[bytes], None], ...] = (
            *(lambda data, name=name: self.study_file(name, data) for name in self.sound),
            self.workbook, self.plan_file, self.rows_file, self.override, self.batch_file, self.record_file,
        )  # fmt: skip

    def one(self, data: bytes) -> None:
        """Read one input; raises what no reader should."""
        if data:
            self.readers[data[0] % len(self.readers)](data[1:])

    def study_file(self, name: str, data: bytes) -> None:
        """Read the starter study with one file replaced."""
        (self.study / name).write_bytes(data)
        try:
            expect_faults(lambda: load(self.study))
        finally:
            (self.study / name).write_bytes(self.sound[name])

    def workbook(self, data: bytes) -> None:
        """Read a study whose services lie in a workbook."""
        (self.study / "services.xlsx").write_bytes(data)
        expect_faults(lambda: load(self.study, assignments=[("tables.services", "services.xlsx")]))

    def plan_file(self, data: bytes) -> None:
        """Read a plan, and resolve a small one."""
        (self.plan / "plan.toml").write_bytes(data)

        def read() -> None:
            plan = read_plan(self.plan / "plan.toml")
            if plan.n_runs <= MOST_PLANNED:
                Expansion("plan.toml").runs(plan)

        expect_faults(read)

    def rows_file(self, data: bytes) -> None:
        """Read a plan's table of runs, and resolve it."""
        (self.plan / "rows.csv").write_bytes(data)
        text = "[batch]\nstudies = ['../study']\n[[grids]]\nkind = 'rows'\nfile = 'rows.csv'\n"
        self.plan_file(text.encode())

    def override(self, data: bytes) -> None:
        """Read a change as the command line has it, and apply it."""
        text = data.decode("utf-8", "surrogateescape")
        expect_faults(lambda: load(self.study, assignments=[read_assignment(text)]))

    def batch_file(self, data: bytes) -> None:
        """Read what a batch planned, as status does."""
        file = self.batch.root / "batch.json"
        file.write_bytes(data)
        expect_faults(lambda: status(self.batch.root).summary())
        try:
            # As somebody would write it who knows how a list is sealed.
            write_sealed(file, {**json.loads(data)})
        except (ValueError, TypeError, RecursionError):
            return
        expect_faults(lambda: status(self.batch.root).summary())

    def record_file(self, data: bytes) -> None:
        """Read the record and the summary of a run."""
        row = {"run": RUN, "key": "k", "study": "s", "scenario": "", "seed": 1, "settings": {}, "faults": []}
        write_sealed(self.batch.root / "batch.json", {"name": "x", "runs": [row], "factors": []})
        for name in ("record.json", "summary.json"):
            (self.batch.run(RUN) / name).write_bytes(data)
        expect_faults(lambda: run_table(self.batch))


def expect_faults(read: Callable[[], object]) -> None:
    """Call a reader; faults are what it should end in, when not in a result."""
    try:
        read()
    except SharesimError as error:
        assert error.faults and all(fault.where and fault.problem for fault in error.faults)
        told = str(error)
        assert "\x1b" not in told and "\x00" not in told, "a control character reaches the terminal"


def starter_files() -> dict[str, bytes]:
    """Return the files of the starter study."""
    (folder,) = sharesim.starter.__path__
    return {item.name: item.read_bytes() for item in sorted(Path(folder).iterdir()) if item.suffix in (".toml", ".csv")}


def seeds(readers: Readers) -> list[bytes]:
    """Return an input that is sound, or nearly, for each reader."""
    plan = b"[batch]\nstudies = ['../study']\nseeds = [1]\n[[grids]]\nvalues = {'study.horizon_years' = [5, 6]}\n"
    others = [
        b"", plan, b'label,study.horizon_years\na,5\nb,6\n', b"services.payroll.elasticity=pert(0.7, 0.8, 0.9)",
        json.dumps({"name": "x", "runs": []}).encode(), json.dumps({"files": {"summary.json": 3}, "portfolio": "optimal", "seconds": 1}).encode(),
    ]  # fmt: skip
    contents = [*readers.sound.values(), *others]
    assert len(contents) == len(readers.readers)
    return [bytes([at]) + data for at, data in enumerate(contents)]
