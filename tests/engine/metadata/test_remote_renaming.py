from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.reader import read_metadata
from orchestrator.engine.metadata.remote_renaming import Renames, rename_remote
from orchestrator.engine.metadata.writer import write_metadata

CITY = QualifiedName("public", "city")


def metadata(*, source="world", table="city", mapping=None, near="person"):
    """People of one source, each with a city of another."""
    to_source = {
        "source": source,
        "table": {"schema": "public", "name": table},
        "relationship_type": "object",
        "field_mapping": mapping or {"city_id": "id"},
    }
    relationship = {"name": "city", "definition": {"to_source": to_source}}
    far_schema = {"name": "x", "definition": {"to_remote_schema": {"remote_schema": "x"}}}
    connection = {"connection_info": {"database_url": "postgres://localhost/x"}}
    people = {"table": near, "remote_relationships": [relationship, far_schema]}
    sources = [
        {"name": "default", "kind": "postgres", "tables": [people], "configuration": connection},
        {"name": "world", "kind": "postgres", "tables": [{"table": "city"}], "configuration": connection},
    ]
    return read_metadata(JsonValue({"version": 3, "sources": sources}))


def renamed(renames):
    return write_metadata(rename_remote(metadata(), renames))


def test_the_source_that_a_relationship_leads_to_is_renamed():
    assert renamed(Renames("world", "earth")) == write_metadata(metadata(source="earth"))


def test_its_table_and_columns_are_renamed():
    renames = Renames("world", tables={CITY: QualifiedName("public", "town")}, columns={CITY: {"id": "key"}})
    assert renamed(renames) == write_metadata(metadata(table="town", mapping={"city_id": "key"}))


def test_the_columns_that_a_relationship_starts_from_are_renamed():
    person = QualifiedName("public", "person")
    renames = Renames("default", columns={person: {"city_id": "town_id"}})
    assert renamed(renames) == write_metadata(metadata(mapping={"town_id": "id"}))


def test_a_table_that_was_renamed_with_its_columns_keeps_its_relationships():
    person, human = QualifiedName("public", "person"), QualifiedName("public", "human")
    renames = Renames("default", tables={person: human}, columns={person: {"city_id": "town_id"}})
    followed = rename_remote(metadata(near="human"), renames)
    assert write_metadata(followed) == write_metadata(metadata(near="human", mapping={"town_id": "id"}))
