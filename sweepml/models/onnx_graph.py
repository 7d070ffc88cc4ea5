"""Writing ONNX graphs by hand, a line a node.

Written out rather than exported by a library: what torch's exporter writes holds paths of the machine that it ran on,
takes seconds, and is not the same file twice; scikit-learn's converter asks for an older protobuf. Models keep each
numpy stage and its nodes side by side, and tests hold them to what torch itself exports.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sweepml.models.base import ML_OPSET, OPSET, RAW_SCORE_NAME
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.edge_catalogue import EDGE_NAMES
from sweepml.schema.manifest import CONTRIBUTION_NAME, EDGE_INDPTR_NAME, EDGES_NAME, INPUT_NAME

IR_VERSION = 10
"""Of the ONNX file format: the oldest that holds opset 21."""


class GraphBuilder:
    """Collects constants and nodes and names them.

    Examples
    --------
    >>> graph = GraphBuilder()
    >>> doubled = graph.node("Mul", INPUT_NAME, graph.constant(np.array(2.0, np.float32)))
    >>> score = graph.node("ReduceSum", doubled, graph.constant(np.array([1])), keepdims=1)
    >>> [node.op_type for node in graph.model(score).graph.node]
    ['Mul', 'ReduceSum', 'Identity']
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant; return its name."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of the default domain with one output; return the output's name."""
        name = f"{op.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], name=f"node_{name}", **attributes))
        return name

    def to_float32(self, name: str) -> str:
        """Cast to float32; return the output's name."""
        return self.node("Cast", name, to=TensorProto.FLOAT)

    def to_float64(self, name: str) -> str:
        """Cast to float64; return the output's name."""
        return self.node("Cast", name, to=TensorProto.DOUBLE)

    def row_sum(self, name: str) -> str:
        """Sum each row; return the output's name, shape (n, 1)."""
        return self.node("ReduceSum", name, self.constant(np.array([1], np.int64)), keepdims=1)

    def include(self, model: onnx.ModelProto, prefix: str) -> tuple[str, str | None]:
        """Add another model's graph, all its names prefixed.

        Parameters
        ----------
        model
            From ``features`` to ``raw_score``, and to ``contribution`` where it has it; not changed.
        prefix
            Unlike that of any other model that is included.

        Returns
        -------
        raw_score, contribution : str
            Names of its outputs; the second is None where it has none.
        """

        def renamed(name: str) -> str:
            return name if name in ("", INPUT_NAME, EDGE_INDPTR_NAME, EDGES_NAME) else f"{prefix}{name}"

        for constant in model.graph.initializer:
            copy = onnx.TensorProto()
            copy.CopyFrom(constant)
            copy.name = renamed(copy.name)
            self._constants.append(copy)
        for node in model.graph.node:
            own = onnx.NodeProto()
            own.CopyFrom(node)
            own.name = renamed(own.name)
            own.input[:] = [renamed(name) for name in node.input]
            own.output[:] = [renamed(name) for name in node.output]
            self._nodes.append(own)
        has_contribution = any(output.name == CONTRIBUTION_NAME for output in model.graph.output)
        return renamed(RAW_SCORE_NAME), renamed(CONTRIBUTION_NAME) if has_contribution else None

    def model(self, raw_score: str, contribution: str | None = None) -> onnx.ModelProto:
        """Return the graph of a detector; the edges are an input where a node reads them.

        Parameters
        ----------
        raw_score
            Output of the node that computes it, float32, shape (n, 1).
        contribution
            Likewise, float32, shape (n, features), where there is one.
        """
        width = len(FEATURE_NAMES)
        inputs = [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["rows", width])]
        if any(name in node.input for node in self._nodes for name in (EDGE_INDPTR_NAME, EDGES_NAME)):
            inputs += [
                helper.make_tensor_value_info(EDGE_INDPTR_NAME, TensorProto.INT64, ["row_bounds"]),
                helper.make_tensor_value_info(EDGES_NAME, TensorProto.FLOAT, ["edges", len(EDGE_NAMES)]),
            ]
        ends = [(raw_score, RAW_SCORE_NAME, 1)]
        if contribution is not None:
            ends.append((contribution, CONTRIBUTION_NAME, width))
        last = [helper.make_node("Identity", [made], [name], name=f"node_{name}") for made, name, _ in ends]
        graph = helper.make_graph(
            [*self._nodes, *last],
            "sweepml",
            inputs,
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", columns]) for _, name, columns in ends],
            self._constants,
        )
        domains = {node.domain for node in self._nodes}
        opsets = [helper.make_opsetid("", OPSET)]
        opsets += [helper.make_opsetid("ai.onnx.ml", ML_OPSET)] if "ai.onnx.ml" in domains else []
        return helper.make_model(graph, opset_imports=opsets, producer_name="sweepml", ir_version=IR_VERSION)
