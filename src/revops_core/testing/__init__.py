"""Testing: a sample company at any size, for examples, benchmarks and tests; needs no extra."""

from revops_core.testing.deliveries import delivered
from revops_core.testing.sample_company import SampleCompany, SampleTruth, sample_company, sample_parts

__all__ = ["SampleCompany", "SampleTruth", "delivered", "sample_company", "sample_parts"]
