"""`viton demo`: a page on this machine to try garments on.

room.py dresses and writes what the page shows, visits.py forgets it, samples.py finds examples, page.py is the page and
server.py what serves it: these two are all that needs the extra `demo`.
"""

from __future__ import annotations

from viton_cli.pipelines.demo.run import demo

__all__ = ["demo"]
