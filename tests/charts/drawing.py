"""Draws charts for the tests: checks the specification against Altair's schema and renders it without a browser."""

from __future__ import annotations

import re
import struct
import zlib

import altair as alt
import vl_convert

VERSIONS = ("5.8", "5.20", "6.4")  # the oldest and the newest that notebooks of these years hold, and Altair's own


def values_of(chart):
    """What is drawn: the rows of its data."""
    return chart.spec["data"]["values"]


def svg_of(chart, version="5.20"):
    """The picture as SVG, after Altair has found nothing wrong with the specification."""
    alt.Chart.from_dict(chart.spec)
    return vl_convert.vegalite_to_svg(chart.to_json(), vl_version=version)


def texts_of(chart):
    """Every text that can be read in the picture."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg_of(chart))


def pixels_of(chart):
    """The size of the picture as PNG, and how many bytes its pixels take when packed: few where it is blank."""
    png = vl_convert.vegalite_to_png(chart.to_json(), vl_version="5.20")
    width, height = struct.unpack(">II", png[16:24])
    place, packed = 8, b""
    while place < len(png):
        (size,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            packed += png[place + 8 : place + 8 + size]
        place += 12 + size
    return width, height, len(zlib.compress(zlib.decompress(packed), 9))


def marks_of(chart):
    """How many marks of each kind the picture has, by the roles that Vega gives them."""
    found = re.findall(r'class="mark-(\w+) role-mark[^"]*"[^>]*>(.*?)</g>', svg_of(chart))
    counts = {}
    for kind, inner in found:
        counts[kind] = counts.get(kind, 0) + len(re.findall(r"<(?:path|text|line|rect)\b", inner))
    return counts


def boxes_of(chart):
    """The width, the height and the upper edge of every bar in the picture, in pixels, as they are drawn."""
    found = []
    for path in re.findall(r'<path [^>]*aria-roledescription="bar"[^>]* d="([^"]+)"', svg_of(chart)):
        top, width, height = re.match(r"M[-\d.]+,([-\d.]+)h([-\d.]+)v([-\d.]+)h[-\d.]+Z", path).groups()
        found.append((abs(float(width)), abs(float(height)), min(float(top), float(top) + float(height))))
    return found


def corners_of(chart):
    """The heights, in pixels, at which the corners of the first area in the picture lie: there, and back below."""
    (path, *_) = re.findall(r'<path [^>]*aria-roledescription="area mark"[^>]* d="([^"]+)"', svg_of(chart))
    return [float(y) for _, y in re.findall(r"[ML]([-\d.]+),([-\d.]+)", path)]
