"""The runtime agent: bundle, line reader, scoring session, alerts, sinks. numpy and onnxruntime only."""
