"""The edges of each row, with what their neighbours say: the further input of models that read the graph itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sweepml.features.neighbours import (
    ALONE,
    EDGES,
    FAN_OUT,
    FAN_OUT_UNIT,
    MESSAGE_OUTCOMES,
    OUTCOMES,
    QUANTITIES,
    SOURCES,
    EdgeQuantities,
    summed,
)
from sweepml.features.surroundings import Others, milestones_in_company
from sweepml.features.tally import Places, Tally
from sweepml.features.view import WindowView
from sweepml.graph.grouping import number_groups, ranges
from sweepml.graph.hosts import HostKind
from sweepml.graph.sampling import edge_hash
from sweepml.schema.edge_catalogue import EDGE_NAMES

EDGES_PER_ROW: Final = 128
"""Edges of a row that a model reads at most: a uniform sample of more, as GraphSAGE samples neighbours (Hamilton et al.
2017, 3.1). Chosen, not tuned: the median row of the laboratory captures has 16 edges, one in ten more than 100."""


@dataclass(frozen=True, slots=True)
class RowEdges:
    """The edges of rows, end to end (compressed sparse rows).

    Attributes
    ----------
    indptr
        int64, shape (rows + 1,), not falling, from 0: row r has the edges ``indptr[r]:indptr[r + 1]``.
    values
        float32, shape (edges, edge columns): columns in the order of `EDGE_CATALOGUE`, never missing.
    """

    indptr: NDArray[np.int64]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def take(self, index: NDArray[np.integer] | NDArray[np.bool_]) -> RowEdges:
        """Return the edges of the rows that an index or mask picks."""
        rows = np.flatnonzero(index) if index.dtype == bool else index
        begin = self.indptr.take(rows)
        length = self.indptr.take(rows + 1) - begin
        _, edge = ranges(begin, length)
        return RowEdges(_indptr(length), self.values.take(edge, axis=0))

    @classmethod
    def none(cls, rows: int) -> RowEdges:
        """Return rows without an edge."""
        return cls(np.zeros(rows + 1, np.int64), np.empty((0, len(EDGE_NAMES)), np.float32))

    @classmethod
    def concat(cls, parts: Sequence[RowEdges]) -> RowEdges:
        """Return the edges of the rows of all parts, in order; no parts give no rows."""
        if not parts:
            return cls.none(0)
        lengths = np.concatenate([np.diff(part.indptr) for part in parts])
        return cls(_indptr(lengths), np.concatenate([part.values for part in parts]))


def row_edges(view: WindowView, per_row: int) -> RowEdges:
    """Return the edges of every row of a view.

    Parameters
    ----------
    view
        The rows.
    per_row
        Edges of a row at most, at least 1. A row with more gives those with the smallest hash of (destination,
        service): a uniform sample, the same in every stream.

    Notes
    -----
    Edges of a row come by their hash, so that neither their order nor their values depend on host codes or on the order
    of the records.
    """
    picked, length = _sample(view, per_row)
    company = view.company
    quantities = EdgeQuantities(view.edges, company.edge_sources == 1)
    at_destination = _AtNode(view, view.edges.destination, quantities.to_destination, picked)
    at_service = _AtNode(view, view.edges.service, quantities.to_service, picked)
    _look_up_others(view, picked, at_destination, at_service)

    edges, row = view.edges, view.row.take(picked)
    offset_us = edges.first_us.take(picked) - view.start_us.take(row)
    flags = edges.flags.take(picked)
    columns = [
        np.log2(1 + edges.connections.take(picked)),
        *((flags >> outcome) & 1 for outcome in MESSAGE_OUTCOMES),
        offset_us / view.length_us.take(row),
        np.log2(1 + at_service.own_edges),
        np.log2(1 + at_destination.own_edges),
        view.hosts.kind.take(edges.destination.take(picked)) == HostKind.INTERNAL,
        np.log2(company.edge_sources.take(picked)),
        *_messages(at_destination.others),
        *_messages(at_service.others),
    ]
    values = np.empty((len(picked), len(EDGE_NAMES)), np.float32)
    for place, column in enumerate(columns):
        values[:, place] = column
    return RowEdges(_indptr(length), values)


class _AtNode:
    """What the others, and the row itself, did at one end of each picked edge, counted in the edges' own cells."""

    def __init__(
        self,
        view: WindowView,
        node: NDArray[np.integer],
        quantities: NDArray[np.int64],
        picked: NDArray[np.int64],
    ) -> None:
        number, numbers = number_groups(view.stack.cell.take(view.row), node)
        own, owns = number_groups(view.row, node)
        there, here = number.take(picked), own.take(picked)
        self.node = node
        self.others = np.empty((QUANTITIES, len(picked)), np.int64)
        for place, column in enumerate(quantities):
            # bincount sums in float64, exact below 2**53.
            everybody = np.bincount(number, column, numbers).take(there)
            mine = np.bincount(own, column, owns).take(here)
            self.others[place] = everybody - mine
            if place == EDGES:
                self.own_edges = mine


def _look_up_others(view: WindowView, picked: NDArray[np.int64], at_destination: _AtNode, at_service: _AtNode) -> None:
    """Put what others did in the last closed window beside the edges of milestones, whose cells hold nobody else."""
    row_of_edge = view.row.take(picked)
    for tables, rows in milestones_in_company(view.stack):
        others, sums = Others(tables, view.stack.sources.take(rows)), tables.node_sums
        number = np.full(view.rows, -1)
        number[rows] = np.arange(len(rows))
        row = number.take(row_of_edge)
        edge = np.flatnonzero(row >= 0)
        row, index = row.take(edge), picked.take(edge)
        own_row, own_edge = others.own_edges
        for at, everybody, quantities, own_node in (
            (at_destination, sums.destinations, sums.quantities.to_destination, tables.edges.destination),
            (at_service, sums.services, sums.quantities.to_service, tables.edges.service),
        ):
            own = summed(
                Places(own_row, everybody.find(own_node.take(own_edge).astype(np.int64))).key,
                quantities.take(own_edge, axis=1),
            )
            places = Places(row, everybody.find(at.node.take(index).astype(np.int64)))
            at.others[:, edge] = _difference(everybody, own, places)


def _difference(everybody: Tally, own: Tally, places: Places) -> NDArray[np.int64]:
    """Return the quantities of everybody without those of each row's own source, shape (QUANTITIES, n)."""
    total = np.stack(everybody.at(places.place))
    mine = np.stack(own.at(own.find(places.key)))
    difference: NDArray[np.int64] = total - mine
    return difference


def _messages(others: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """Return the columns that describe a node, of the quantities of the others there."""
    count = np.maximum(others[EDGES], 1)
    return [
        np.log2(1 + others[SOURCES]),
        np.log2(1 + others[EDGES]),
        *(others[OUTCOMES] / count),
        others[FAN_OUT] * FAN_OUT_UNIT / count,
        others[ALONE] / count,
    ]


def _sample(view: WindowView, per_row: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the edges to give, by row and hash, and how many of them each row has."""
    order = np.lexsort((edge_hash(view.hosts, view.edges, slice(None)), view.row))
    length = np.minimum(view.edge_count, per_row)
    _, place = ranges(view.stack.edge_indptr[:-1], length)
    return order.take(place), length


def _indptr(length: NDArray[np.integer]) -> NDArray[np.int64]:
    indptr = np.zeros(len(length) + 1, np.int64)
    np.cumsum(length, out=indptr[1:])
    return indptr
