"""GeoJSON becomes the text that PostGIS reads, or an error that says what is wrong with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orchestrator.engine.errors import EngineError
from orchestrator.engine.geojson import encode_geometry, encode_geometry_text

SQUARE = [[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]


def crs(name: Any) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": name}}


@pytest.mark.parametrize(
    ("geometry", "text"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "POINT(1 2)"),
        (
            {"type": "Point", "coordinates": [43.75049, Decimal("11.03207"), -1.5e-7]},
            "POINT(43.75049 11.03207 -1.5e-07)",
        ),
        ({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}, "MULTIPOINT((1 2),(3 4))"),
        ({"type": "MultiPoint", "coordinates": []}, "MULTIPOINT EMPTY"),
        ({"type": "LineString", "coordinates": [[1, 2], [3, 4]]}, "LINESTRING(1 2,3 4)"),
        ({"type": "MultiLineString", "coordinates": [[[1, 2], [3, 4]]]}, "MULTILINESTRING((1 2,3 4))"),
        ({"type": "Polygon", "coordinates": [SQUARE]}, "POLYGON((0 0,0 1,1 1,1 0,0 0))"),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE]]}, "MULTIPOLYGON(((0 0,0 1,1 1,1 0,0 0)))"),
        (
            {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Point", "coordinates": [1, 2]},
                    {"type": "LineString", "coordinates": [[1, 2], [3, 4]]},
                ],
            },
            "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(1 2,3 4))",
        ),
    ],
)
def test_a_shape_is_written_as_well_known_text(geometry: Any, text: str) -> None:
    assert encode_geometry(geometry, "$") == f"SRID=4326;{text}"


@pytest.mark.parametrize(
    ("name", "srid"),
    [
        ("EPSG:3857", 3857),
        ("urn:ogc:def:crs:EPSG::4326", 4326),
        ("urn:ogc:def:crs:EPSG:8.9:2154", 2154),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 4326),
    ],
)
def test_a_named_reference_system_becomes_its_number(name: str, srid: int) -> None:
    point = {"type": "Point", "coordinates": [1, 2], "crs": crs(name)}
    assert encode_geometry(point, "$") == f"SRID={srid};POINT(1 2)"


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (1, "parsing Geometry failed, expected Object, but encountered Number"),
        ({}, 'key "type" not found'),
        ({"type": "Random", "coordinates": [1, 2]}, "unexpected geometry type: Random"),
        ({"type": [], "coordinates": [1, 2]}, "unexpected geometry type: []"),
        ({"type": "Point"}, 'key "coordinates" not found'),
        ({"type": "Point", "coordinates": [1]}, "A Position needs at least 2 elements"),
        ({"type": "Point", "coordinates": [1, "2"]}, "parsing Double failed, expected Number, but encountered String"),
        ({"type": "Point", "coordinates": [1, 10**400]}, "a coordinate is out of range"),
        ({"type": "Point", "coordinates": [1, Decimal("1e999")]}, "a coordinate is out of range"),
        ({"type": "LineString", "coordinates": [[1, 2]]}, "A LineString needs at least 2 Positions"),
        ({"type": "Polygon", "coordinates": [SQUARE[:3]]}, "A LinearRing needs at least 4 Positions"),
        (
            {"type": "Polygon", "coordinates": [SQUARE[:4]]},
            "the first and last locations have to be equal for a LinearRing",
        ),
        (
            {"type": "Point", "coordinates": [1, 2], "crs": crs("EPSG:1;drop table x")},
            "unknown coordinate reference system: EPSG:1;drop table x",
        ),
    ],
)
def test_what_is_no_geometry_says_why_and_where(geometry: Any, message: str) -> None:
    with pytest.raises(EngineError) as caught:
        encode_geometry(geometry, "$.here")
    assert (caught.value.code, caught.value.path, str(caught.value)) == ("parse-failed", "$.here", message)


def test_collections_nested_without_end_are_refused() -> None:
    geometry: dict[str, Any] = {"type": "Point", "coordinates": [1, 2]}
    for _ in range(1000):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    with pytest.raises(EngineError, match="nested too deeply"):
        encode_geometry(geometry, "$")


def test_text_may_hold_geojson_or_what_postgis_reads() -> None:
    assert encode_geometry_text('{"type": "Point", "coordinates": [1, 2]}') == "SRID=4326;POINT(1 2)"
    assert encode_geometry_text("POINT(1 2)") == "POINT(1 2)"
    assert encode_geometry("POINT(1 2)", "$") == "POINT(1 2)"
