"""`viton tryon --engine ray`: people and garments prepared once as objects of a Ray cluster, pairs as its tasks.

The tasks write pictures into the output folder, which all machines of the cluster see under one path, as they see the
photos; what became of each pair comes back to the process that asked, which alone writes the manifest. A task whose
machine or process dies is given to another.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import BadConfig, MissingExtra
from viton_cli.files.stores import address_of
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.folder import Pair
from viton_cli.pipelines.tryon.outcomes import Outcomes
from viton_cli.pipelines.tryon.plan import Plan
from viton_cli.pipelines.tryon.tasks import Job, Told, cut, dress, look

RETRIES = 3  # of a task whose process died
AHEAD = 3  # tasks that wait, for each core of the cluster
INSTALL = "--engine ray needs a package: pip install 'viton-cli[ray]'"


def work_on_ray(plan: Plan, tools: Tools, done: Summary, progress: Progress) -> None:
    """Make the pairs of a plan on the Ray cluster that RAY_ADDRESS names, else on the cores of this machine.

    Raises:
        MissingExtra: Ray is not installed.
    """
    ray = check_ray(plan)
    own = not ray.is_initialized()
    if own:
        ray.init(log_to_driver=False, logging_level="ERROR")
    run = _Run(plan, tools, done, progress, ray)
    try:
        run.run()
    finally:
        for ref in run.pending:  # of a run that was interrupted
            ray.cancel(ref)
        if own:
            ray.shutdown()
        plan.folder.ledger.gather()


def check_ray(plan: Plan) -> Any:
    """Ray, if a plan can be worked on with it.

    Raises:
        MissingExtra: It is not installed. BadConfig: The plan reads or writes what this process alone can reach.
    """
    if plan.people.given or plan.clothes.given:
        raise BadConfig("--engine ray: a picture from a pipe is on this machine alone; give a file")
    if plan.folder.ledger.mirror is not None or any(address_of(path) for path in plan.needed):
        raise BadConfig("--engine ray works on folders that all machines see under one path, not on addresses")
    try:
        return import_ray()
    except ImportError:
        raise MissingExtra(INSTALL) from None


def import_ray() -> Any:
    """`ray`. Raises ImportError where it is not installed."""
    import ray

    return ray


@dataclass(eq=False)
class _Known:
    """Tasks that prepare people, or garments: ids to what is told of them, and to the object."""

    task: Any
    job: Any
    refs: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def get(self, id: str) -> tuple[Any, Any]:
        if id not in self.refs:
            told, prepared = self.task.remote(self.job, id)
            self.refs[id] = told, prepared
        return self.refs[id]


class _Run(Outcomes):
    """The work on pairs as it is seen from the process that asked."""

    def __init__(self, plan: Plan, tools: Tools, done: Summary, progress: Progress, ray: Any) -> None:
        super().__init__(plan, tools, done, progress)
        import torch

        self.plan, self.ray = plan, ray
        job = Job(
            plan.config, torch.get_num_threads(), plan.people.files, plan.clothes.files, plan.store.masks,
            plan.pairing.outputs, plan.folder.sources.made_with, os.getcwd(), plan.corrections,
        )  # fmt: skip
        self.job = ray.put(job)

        def task(act: Callable[..., Any], returns: int) -> Any:
            return ray.remote(num_returns=returns, max_retries=RETRIES)(act)

        self.people, self.garments = _Known(task(look, 2), self.job), _Known(task(cut, 2), self.job)
        self.dress = task(dress, 1)
        self.most = max(int(ray.cluster_resources().get("CPU", 1)) * AHEAD, 2)
        self.pending: dict[Any, Pair] = {}

    def run(self) -> None:
        """Hand out all pairs, person by person, and hear what became of them."""
        people = list(self.plan.ahead)
        for number, person in enumerate(people):
            for other in people[number : number + self.most]:
                self.people.get(other)
            if self.is_there(person):
                for garment in self.plan.ahead[person]:
                    self.wait(self.most)
                    refs = self.people.get(person)[1], self.garments.get(garment)[1]
                    self.pending[self.dress.remote(self.job, *refs)] = person, garment
            del self.people.refs[person]
        self.wait(1)

    def is_there(self, person: str) -> bool:
        """Whether a person was found; else all the pairs fail, and that is told once."""
        told = self.told_of(self.people, person)
        if told.error is not None:
            cause = self.cause(told.error, person)
            for garment in self.plan.ahead[person]:
                self.failed(person, garment, cause)
            if guess := self.swap.failed(told.error):
                self.progress.note(guess)
            return False
        self.swap.found()
        self.notes(told.name, told.checks)
        return True

    def wait(self, most: int) -> None:
        """Hear of pairs until fewer than `most` are at work."""
        while len(self.pending) >= most:
            (ready,), _ = self.ray.wait(list(self.pending), num_returns=1)
            person, garment = self.pending.pop(ready)
            try:
                told: Told = self.ray.get(ready)
            except self.ray.exceptions.RayError as error:
                told = Told(defect=_lost(error))
            garment_told = self.told_of(self.garments, garment)
            if garment_told.error is None and garment not in self.told:
                self.told.add(garment)
                self.notes(garment_told.name, garment_told.checks)
            if told.entry is None:
                why = garment_told.error or told.error or RuntimeError("nothing was made")
                name = garment if garment_told.error else f"{person} with {garment}"
                self.failed(person, garment, self.cause(why, name))
                continue
            self.folder.manifest.append(told.entry)
            self.made(person, garment, told.checks)
            self.refresh()

    def told_of(self, known: _Known, id: str) -> Told:
        """What became of a photo."""
        try:
            told: Told = self.ray.get(known.get(id)[0])
        except self.ray.exceptions.RayError as error:
            told = Told(defect=_lost(error))
        return told


def _lost(error: Exception) -> tuple[str, str]:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return type(error).__name__, f"its task was given up after {RETRIES + 1} attempts ({first})"
