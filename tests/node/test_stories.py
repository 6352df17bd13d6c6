"""Real pods whose tokens die on a real node, and Remint, installed as users install it, that cures them and nobody else."""

from harness.tables import row
from rig.party import Party


def print_times(party, title, record_property):
    for kind, seconds in party.times().items():
        record_property("table", row("seconds from the first 401 to success", kind, {title: f"{seconds:.0f}"}))


def test_workloads_whose_account_was_recreated_are_cured(node, remint, logs, record_property):
    party = Party(node, logs, "account")
    party.add_well("fresh")
    party.add_well("fresh-probe", host_network=True)
    party.wait_listing()

    party.space.core.delete_namespaced_service_account("shop", "account")
    party.space.core.create_namespaced_service_account("account", {"metadata": {"name": "shop"}})
    party.wait_rejected(60)
    party.wait_cured(420)
    party.assert_well_left_alone()
    print_times(party, "account recreated", record_property)
