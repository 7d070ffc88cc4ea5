"""Fitted model, calibration and thresholds -> one ONNX file."""
