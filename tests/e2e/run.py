#!/usr/bin/env python3
"""The end-to-end tests: SONDE=build/bin/sonde STIM=build/cc/stim python3 tests/e2e/run.py [PATTERN]"""

import glob
import importlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import e2e  # noqa: E402

for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
    importlib.import_module(os.path.basename(path)[:-3])
sys.exit(0 if e2e.run_facts(sys.argv[1] if len(sys.argv) > 1 else "") else 1)
