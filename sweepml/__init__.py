"""sweepml: port-sweep detection, from connection records to one ONNX file.

Importing this package imports nothing else: every piece is asked for by its full name, so that the runtime
pays for numpy and onnxruntime only.
"""
