from pathlib import Path

from sweepml.features.plan import FeaturePlan
from sweepml.pipeline.inputs import CaptureFiles
from sweepml.pipeline.partitions import PartitionJob, stamp_inputs


def test_a_changed_mapping_makes_another_stamp(tmp_path: Path) -> None:
    """A part that an old mapping made must not pass for that of a new one."""
    log, mapped = tmp_path / "log", tmp_path / "firewall.yaml"
    log.write_text("a\n")
    capture = CaptureFiles("one", (str(log),))
    job = PartitionJob(capture, capture.paths, str(tmp_path / "part"), str(mapped), FeaturePlan(), "1", "0")
    mapped.write_text("name: old\n")
    old = stamp_inputs(job)
    assert stamp_inputs(job).is_same_as(old)
    mapped.write_text("name: new\n")
    assert not stamp_inputs(job).is_same_as(old)
