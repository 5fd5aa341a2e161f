"""The papers' equations in numpy, float64 and plain loops over time: the oracle of the tests.

Imports numpy only and nothing of ours. Arrays are (trial, time, unit); parameters are a
dictionary with the names l, m, n, m_rnn, ..., gate, w_in, b_in, w_out, b_out.
"""
