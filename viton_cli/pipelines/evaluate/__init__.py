"""`viton evaluate`.

pictures.py      results measured: which measures, of what; scoring.py makes scores of what was measured
matching.py      which truth and which photo belong to a result; loading.py reads them; groups.py groups people
table.py         methods beside each other, as the paper's Table 1
sheet.py, votes.py and what they use (plan, rated, key, answers): what people say of results
report.py        a page of a training run or of results
perception.py    joints and labels of the perception networks against true ones
"""

from __future__ import annotations

from viton_cli.pipelines.evaluate.pictures import Evaluation, evaluate, evaluate_folder

__all__ = ["Evaluation", "evaluate", "evaluate_folder"]
