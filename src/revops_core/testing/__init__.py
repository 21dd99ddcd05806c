"""Testing: a sample company at any size, for examples, benchmarks and tests; needs no extra."""

from revops_core.testing.sample_company import SampleCompany, sample_company

__all__ = ["SampleCompany", "sample_company"]
