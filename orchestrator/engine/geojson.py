"""GeoJSON geometries (RFC 7946, and the older `crs`) as the text that PostGIS reads."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from orchestrator.engine.errors import parse_failed

WGS_84 = 4326
MAX_DEPTH = 50
"""Of geometry collections within each other."""

# EPSG:4326, urn:ogc:def:crs:EPSG::4326, urn:ogc:def:crs:EPSG:8.9:4326
_CRS_NAME = re.compile(r"(?:urn:ogc:def:crs:)?(?:EPSG|ESRI):(?:[\d.]*:)?(\d{1,6})", re.IGNORECASE | re.ASCII)
_CRS_84 = re.compile(r"urn:ogc:def:crs:OGC:(?:[\d.]*:)?CRS84", re.IGNORECASE | re.ASCII)


def encode_geometry(value: Any, path: str) -> str:
    """The EWKT of a GeoJSON object; a string is taken as text that PostGIS reads, such as WKT.

    >>> encode_geometry({"type": "Point", "coordinates": [1, 2.5]}, "$")
    'SRID=4326;POINT(1 2.5)'
    """
    if isinstance(value, str):
        return value
    return f"SRID={_srid(_object(value, path), path)};{_geometry(value, path)}"


def encode_geometry_text(text: str) -> str:
    """The same of a text that may hold the GeoJSON, as session variables do."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return encode_geometry(value, "$")


def _geometry(value: Any, path: str, depth: int = 0) -> str:
    kind = _field(_object(value, path), "type", path)
    if kind == "GeometryCollection":
        if depth == MAX_DEPTH:
            raise parse_failed("the geometry is nested too deeply", path)
        parts = [_geometry(item, path, depth + 1) for item in _list(_field(value, "geometries", path), path)]
        return f"GEOMETRYCOLLECTION{_joined(parts)}"
    if not isinstance(kind, str) or kind not in _SHAPES:
        raise parse_failed(f"unexpected geometry type: {kind}", path)
    return kind.upper() + _SHAPES[kind](_field(value, "coordinates", path), path)


def _position(value: Any, path: str) -> str:
    numbers = _list(value, path)
    if len(numbers) < 2:
        raise parse_failed("A Position needs at least 2 elements", path)
    return " ".join(_number(number, path) for number in numbers[:3])


def _number(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise parse_failed(f"parsing Double failed, expected Number, but encountered {_kind(value)}", path)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise parse_failed("a coordinate is out of range", path)
    return repr(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _point(value: Any, path: str) -> str:
    return f"({_position(value, path)})"


def _line(value: Any, path: str) -> str:
    positions = _list(value, path)
    if len(positions) < 2:
        raise parse_failed("A LineString needs at least 2 Positions", path)
    return _joined([_position(item, path) for item in positions])


def _ring(value: Any, path: str) -> str:
    positions = _list(value, path)
    if len(positions) < 4:
        raise parse_failed("A LinearRing needs at least 4 Positions", path)
    if positions[0] != positions[-1]:
        raise parse_failed("the first and last locations have to be equal for a LinearRing", path)
    return _joined([_position(item, path) for item in positions])


def _each(shape: Callable[[Any, str], str]) -> Callable[[Any, str], str]:
    return lambda value, path: _joined([shape(item, path) for item in _list(value, path)])


def _joined(parts: list[str]) -> str:
    return f"({','.join(parts)})" if parts else " EMPTY"


_SHAPES: Mapping[str, Callable[[Any, str], str]] = {
    "Point": _point,
    "MultiPoint": _each(_point),
    "LineString": _line,
    "MultiLineString": _each(_line),
    "Polygon": _each(_ring),
    "MultiPolygon": _each(_each(_ring)),
}


def _srid(value: Mapping[str, Any], path: str) -> int:
    """The number of the reference system; WGS 84 where none is named."""
    crs = value.get("crs")
    if crs is None:
        return WGS_84
    name = _field(_object(_field(_object(crs, path), "properties", path), path), "name", path)
    found = _CRS_NAME.fullmatch(name) if isinstance(name, str) else None
    if found:
        return int(found[1])
    if isinstance(name, str) and _CRS_84.fullmatch(name):
        return WGS_84
    raise parse_failed(f"unknown coordinate reference system: {name}", path)


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise parse_failed(f"parsing Geometry failed, expected Object, but encountered {_kind(value)}", path)
    return value


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise parse_failed(f"parsing Array failed, expected Array, but encountered {_kind(value)}", path)
    return value


def _field(value: Mapping[str, Any], name: str, path: str) -> Any:
    if name not in value:
        raise parse_failed(f'key "{name}" not found', path)
    return value[name]


def _kind(value: Any) -> str:
    kinds = {bool: "Boolean", str: "String", list: "Array", dict: "Object", type(None): "Null"}
    return kinds.get(type(value), "Number")
