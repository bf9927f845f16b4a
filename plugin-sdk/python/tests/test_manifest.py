"""The manifest that the types give."""

from pathlib import Path

from daybook_sdk.build import HERE
from deposit import plugin


def test_the_manifest_says_what_the_types_say():
    manifest = plugin.manifest()
    assert manifest["tables"] == [{
        "name": "account",
        "columns": [
            {"name": "id", "kind": "integer"}, {"name": "balance", "kind": "integer", "format": "money(CZK,2)"},
            {"name": "last_seq", "kind": "integer"},
        ],
        "primary_key": ["id"], "indexes": [],
    }]
    (command,) = manifest["commands"]
    assert command["name"] == "deposit.Deposit"
    assert command["schema"]["additionalProperties"] is False
    assert command["schema"]["properties"]["amount"] == {"type": "integer", "format": "int64", "minimum": 0}
    (event,) = manifest["events"]
    assert "additionalProperties" not in event["schema"]
    assert event["description"] == "Money was paid in."


def test_the_contract_here_is_the_repository_s():
    # By this file's place: the package may be installed elsewhere.
    contract = sorted((Path(__file__).parents[3] / "wit" / "v1").glob("*.wit"))
    assert contract
    for file in contract:
        assert (HERE / "wit" / file.name).read_text() == file.read_text(), file.name
