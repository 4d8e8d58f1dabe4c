"""The test suite of wskit; its folders mirror those of ``wskit``."""
