"""Sweeps that mean not to be found: each evasion changes one ordinary sweep, the control, in one way.

`base` holds what they change and where it is played, one module an evasion says how, `registry` names them, and `play`
makes labelled captures of them on benign background.
"""
