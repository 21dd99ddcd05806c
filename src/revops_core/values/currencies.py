"""ISO 4217 as data: how many decimals the minor unit of each currency has.

The list of 2026-01-01 (SIX Interbank Clearing), less the codes that have no minor unit (precious metals, tests, funds),
and the currencies withdrawn since 2011, which old deals still carry. A test compares it with the `iso4217` package.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["MINOR_UNITS"]

_DECIMALS = (
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (2, """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
        COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
        INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
        MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
        STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"""),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
    (0, "BYR"),  # here and below: withdrawn
    (2, "ANG BGN CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL"),
)  # fmt: skip

MINOR_UNITS: Mapping[str, int] = MappingProxyType(
    {code: decimals for decimals, codes in _DECIMALS for code in codes.split()}
)
"""The decimals of the minor unit by currency code: 2 for EUR, 0 for JPY, 3 for KWD."""
