"""What a capture says of its sources."""

from tests.evaluation.handmade import episode, to_capture


def test_role_is_the_named_one_else_the_kind_of_attack_else_unknown() -> None:
    episodes = [
        episode("V", "10.0.0.1", 0, 1, "vertical_scan"),
        episode("V2", "10.0.0.2", 0, 1, "vertical_scan"),
        episode("S", "10.0.0.2", 5, 9),
        episode("S2", "10.0.0.3", 5, 9),
    ]
    capture = to_capture("net", [], episodes, {"10.0.0.3": "mixed_scanner"})
    roles = [capture.role_of(f"10.0.0.{i}") for i in range(1, 5)]
    assert roles == ["vertical_scan", "sweep", "mixed_scanner", "unknown"]
