"""Calendars: when a team works, and arithmetic on working time."""

from revops_core.calendars.business_calendar import ALWAYS_OPEN, BusinessCalendar
from revops_core.calendars.holidays import HolidayRule, holiday_dates
from revops_core.calendars.opening_hours import OpeningHours
from revops_core.calendars.working_time import WorkingTime

__all__ = ["ALWAYS_OPEN", "BusinessCalendar", "HolidayRule", "OpeningHours", "WorkingTime", "holiday_dates"]
