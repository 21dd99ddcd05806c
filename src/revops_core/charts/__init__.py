"""Charts: results as pictures, which are Vega-Lite specifications as plain data and show themselves in a notebook."""

from revops_core.charts.chart import Chart
from revops_core.charts.kpi_charts import scorecard, series
from revops_core.charts.process_charts import funnel, sla_timeline
from revops_core.charts.revenue_charts import cohort_heat_map, layer_cake, revenue_bridge

__all__ = ["Chart", "cohort_heat_map", "funnel", "layer_cake", "revenue_bridge", "scorecard", "series", "sla_timeline"]
