"""Decision trees as plain arrays, and those as ONNX.

Written out rather than converted by a library: the general converter does not run with the protobuf that
current onnx needs, and float32 thresholds must be rounded in one direction only (see `float32_below`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from sweepml.models.base import ML_OPSET, OPSET, RAW_SCORE_NAME
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.manifest import INPUT_NAME


@dataclass(frozen=True, slots=True)
class Trees:
    """Nodes of all trees; every array has shape (nodes,).

    Attributes
    ----------
    tree, node
        Number of the tree, and of the node in it.
    is_leaf, missing_left
        bool; `missing_left` says where a missing value goes.
    feature, left, right
        int; meaningless at leaves.
    threshold
        float32: ``x <= threshold`` goes left.
    value
        float64: what a leaf adds to the score.
    gain
        float64, not negative: how much a split is worth, such as its loss reduction.
    base
        Score before any tree.
    """

    tree: NDArray[np.int64]
    node: NDArray[np.int64]
    is_leaf: NDArray[np.bool_]
    missing_left: NDArray[np.bool_]
    feature: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    threshold: NDArray[np.float32]
    value: NDArray[np.float64]
    gain: NDArray[np.float64]
    base: float

    def gain_shares(self) -> NDArray[np.float64]:
        """Return each feature's share of all gain, shape (features,); equal shares where nothing was split."""
        split = ~self.is_leaf
        gain = np.bincount(self.feature[split], weights=self.gain[split], minlength=len(FEATURE_NAMES))
        total = gain.sum()
        return gain / total if total > 0 else np.full(len(FEATURE_NAMES), 1 / len(FEATURE_NAMES))

    def to_onnx(self) -> onnx.ModelProto:
        """Return one TreeEnsembleRegressor, float32 in and out."""
        leaf = self.is_leaf
        trees = helper.make_node(
            "TreeEnsembleRegressor",
            [INPUT_NAME],
            [RAW_SCORE_NAME],
            domain="ai.onnx.ml",
            n_targets=1,
            aggregate_function="SUM",
            base_values=[self.base],
            post_transform="NONE",
            nodes_treeids=self.tree.tolist(),
            nodes_nodeids=self.node.tolist(),
            nodes_featureids=np.where(leaf, 0, self.feature).tolist(),
            nodes_modes=np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
            nodes_values=np.where(leaf, np.float32(0), self.threshold).tolist(),
            nodes_truenodeids=np.where(leaf, 0, self.left).tolist(),
            nodes_falsenodeids=np.where(leaf, 0, self.right).tolist(),
            nodes_missing_value_tracks_true=np.where(leaf, 0, self.missing_left).astype(int).tolist(),
            target_treeids=self.tree[leaf].tolist(),
            target_nodeids=self.node[leaf].tolist(),
            target_ids=[0] * int(leaf.sum()),
            target_weights=self.value[leaf].tolist(),
        )
        graph = helper.make_graph(
            [trees],
            "sweepml",
            [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["rows", len(FEATURE_NAMES)])],
            [helper.make_tensor_value_info(RAW_SCORE_NAME, TensorProto.FLOAT, ["rows", 1])],
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        return helper.make_model(graph, opset_imports=opsets, producer_name="sweepml", ir_version=10)


def float32_below(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 that is not above each threshold.

    For a float32 x, ``x <= threshold`` is then the same question in both precisions. Rounding to nearest may
    end above the threshold, and every x between the two would change sides.
    """
    rounded = threshold.astype(np.float32)
    above = rounded.astype(np.float64) > threshold
    rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
    return rounded
