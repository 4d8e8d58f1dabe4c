"""Makes the modules of autobahn/ importable: they are scripts in one folder, not a package."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "autobahn"
sys.path.insert(0, str(FOLDER))
