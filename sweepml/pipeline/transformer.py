"""The feature kernel as a scikit-learn transformer: a frame of connections in, a frame of features out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sweepml.datasets.canonical import TABLE_SCHEMA
from sweepml.datasets.encode import frame_to_connections
from sweepml.errors import ConfigError, InputError
from sweepml.features.kernel import FeatureRows
from sweepml.features.plan import MIN_DST_COUNT, FeaturePlan
from sweepml.features.stream import FeatureStream
from sweepml.graph.connections import Connections
from sweepml.graph.hosts import HostTable
from sweepml.graph.windows import WindowSpec
from sweepml.pipeline.rows import feature_rows
from sweepml.schema.catalogue import FEATURE_NAMES
from sweepml.schema.connection import MISSING

INDEX_NAMES: Final = ("source", "start", "end", "as_of")
"""Levels of the index of a frame of features."""

_CANONICAL_NEEDED: Final = ("ts_us", "src", "dst", "protocol", "dst_port")


class ConnectionFeatures(TransformerMixin, BaseEstimator):
    """Turns connections into one row of float32 features per source and window.

    Parameters
    ----------
    windows
        (length_s, stride_s) pairs; None for the three default horizons.
    min_dst_count
        Sources with fewer distinct destinations in a window get no row for it.
    internal_networks
        CIDR list that decides internal and public; None for private and shared address space.
    milestones
        Distinct targets at which a source is judged at once; None for the default, empty for none.

    Attributes
    ----------
    plan_
        The `FeaturePlan` that follows from the parameters.
    n_features_in_, feature_names_in_
        Of the connections.

    See Also
    --------
    sweepml.tasks.features.features : for logs that do not fit into memory.

    Notes
    -----
    `fit` learns nothing from the data. `transform` takes every frame as one stream that begins and ends with it, its
    rows in the order in which the records arrived (a log's own order). It keeps nothing, so that two calls on halves
    of a frame do not give the windows that lie over the cut. It is deterministic.

    There are more or fewer rows than connections, hence no `y` can pass through a pipeline with it: use it before an
    estimator without labels, or label its rows by their index. The result is a frame whatever `set_output` says, since
    its index alone says what a row is about; a missing value is NaN.

    Examples
    --------
    >>> import pandas as pd
    >>> ts = pd.to_datetime(range(1_700_000_000, 1_700_000_008), unit="s", utc=True)
    >>> dst = [f"10.0.1.{i}" for i in range(8)]
    >>> connections = pd.DataFrame({"ts": ts, "src": "10.0.0.5", "dst": dst, "protocol": "tcp", "dst_port": 445})
    >>> features = ConnectionFeatures(windows=[(60, 60)], milestones=[]).fit_transform(connections)
    >>> features.index.get_level_values("end")[0]
    Timestamp('2023-11-14 22:14:00+0000', tz='UTC')
    >>> features.loc["10.0.0.5", ["dst_count", "top_port_dst_ratio"]].to_numpy()
    array([[8., 1.]], dtype=float32)
    """

    def __init__(
        self,
        windows: Sequence[tuple[int, int]] | None = None,
        min_dst_count: int = MIN_DST_COUNT,
        internal_networks: Sequence[str] | None = None,
        milestones: Sequence[int] | None = None,
    ) -> None:
        self.windows = windows
        self.min_dst_count = min_dst_count
        self.internal_networks = internal_networks
        self.milestones = milestones

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Check the parameters and the columns.

        Parameters
        ----------
        X
            Connections, see `transform`.
        y
            Ignored.

        Raises
        ------
        ConfigError
            If a parameter is out of range.
        InputError
            If a column is absent.
        """
        given: dict[str, Any] = {"min_dst_count": self.min_dst_count}
        if self.windows is not None:
            given["windows"] = tuple(_window(one) for one in self.windows)
        if self.internal_networks is not None:
            given["internal_networks"] = tuple(self.internal_networks)
        if self.milestones is not None:
            given["milestones"] = tuple(self.milestones)
        self.plan_ = FeaturePlan(**given)
        connections_of_frame(X.iloc[:0] if isinstance(X, pd.DataFrame) else X, self.plan_.new_hosts())
        self.feature_names_in_ = np.asarray(X.columns, object)
        self.n_features_in_ = len(X.columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Compute features.

        Parameters
        ----------
        X
            One row per connection, in the order in which they arrived, with the columns of `read_frame`
            (``ts``, ``src``, ``dst``, ``protocol``, ``dst_port``, ...) or those of `CONNECTION_COLUMNS`
            (``ts_us``, ...). What else is absent is missing.

        Returns
        -------
        DataFrame of float32, shape (rows, features)
            Columns are the catalogue's. The index has the levels ``source``, ``start`` and ``end`` of the window
            (half-open, UTC) and ``as_of``, when the row was known.

        Raises
        ------
        InputError
            If a column is absent or a value is none of its kind.
        NotFittedError
            scikit-learn's, before `fit`.
        """
        check_is_fitted(self, "plan_")
        hosts = self.plan_.new_hosts()
        rows = feature_rows(connections_of_frame(X, hosts), FeatureStream(self.plan_, hosts))
        return frame_of_rows(rows, hosts)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the catalogue's names, which do not depend on the input's."""
        return np.array(FEATURE_NAMES, object)


def connections_of_frame(frame: pd.DataFrame, hosts: HostTable) -> Connections:
    """Return a frame of connections, in either set of columns, as arrays.

    Raises
    ------
    InputError
        If it is no frame, a needed column is absent, or a value is none of its kind.
    """
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"expected a pandas DataFrame of connections, got {type(frame).__name__}")
    if "ts_us" not in frame:
        return frame_to_connections(frame, hosts)
    absent = [name for name in _CANONICAL_NEEDED if name not in frame]
    if absent:
        raise InputError(f"expected the canonical connection columns, but there is no {', '.join(absent)}")
    ts_us = frame["ts_us"]
    if not pd.api.types.is_integer_dtype(ts_us):
        raise InputError(f"expected ts_us in whole microseconds since 1970, got values of type {ts_us.dtype}")
    named = frame[[name for name in TABLE_SCHEMA.names if name in frame and name not in ("ts_us", "duration_us")]]
    duration_us = frame.get("duration_us", pd.Series(MISSING, frame.index))
    known = duration_us.where(duration_us != MISSING)
    converted = frame_to_connections(
        named.assign(ts=pd.to_datetime(ts_us, unit="us", utc=True), duration_s=known.astype(float) / 1e6), hosts
    )
    return converted


def frame_of_rows(rows: FeatureRows, hosts: HostTable) -> pd.DataFrame:
    """Return feature rows as a frame of float32, indexed by `INDEX_NAMES`."""
    code, place = np.unique(rows.source, return_inverse=True)
    names = pd.Index([hosts.name(one) for one in code.tolist()], dtype="str")
    times = [pd.to_datetime(one, unit="us", utc=True) for one in (rows.start_us, rows.end_us, rows.as_of_us)]
    index = pd.MultiIndex.from_arrays([names.take(place), *times], names=INDEX_NAMES)
    return pd.DataFrame(rows.values, index, list(FEATURE_NAMES), copy=False)


def _window(pair: object) -> WindowSpec:
    match pair:
        case WindowSpec():
            return pair
        case (int(length_s), int(stride_s)):
            return WindowSpec(length_s, stride_s)
    raise ConfigError(f"expected windows as (length_s, stride_s) pairs, got {pair!r}")
