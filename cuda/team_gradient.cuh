// The gradient of a tile from what the passes of a team left behind: every weight's is a sum over steps and trials of the product of two
// rows [32]. Those of a matrix and of pairs are in matrix_gradient.cuh, the others in contraction.cuh.
//
//   dP_nk = sum r_n dc_k     dQ_nc = sum e_n s_c     db_n = sum e_n     db_out = sum do
#pragma once

#include "team_backward.cuh"

namespace tbrnn::cuda {

// Gated units do without what matrix_gradient.cuh needs of the device.
template <class Model>
inline constexpr bool contracts_in_squares =
    Product<Model>::exists && !has_gates(Model::recurrence);

// dS [row][columns] of the product stage, if it is trained.
template <class Model, class T, class Put>
__device__ TBRNN_CALLED void product_gradient(const Team<Model, T>& team, int steps, T* dS,
                                              Put put) requires contracts_in_squares<Model> {
  const Shape<T>& shape = team.shape;
  const TeamHistory<T>& history = team.history;
  const int units = shape.units, pair_rows = Product<Model>::pair_rows(units);
  const RowsOverTime<T> r{history.carriers, units, units}, e{history.adjoints, units, units};
  const auto put_at = [&](int row, int i, T sum) { put(dS + row * shape.columns() + i, sum); };
  const bool split = Product<Model>::pairs ? splits_pairs<Model> : shape.split;
  const MatrixGradient<T> over_time(team.workers, steps, history.squares, split);
  if constexpr (Product<Model>::pairs) {
    const PairRows rows{units, false};
    over_time.pairs(r, e, [&](int j, int k, int i, T sum) { put_at(rows.row(j, k), i, sum); });
  }
  if constexpr (Product<Model>::linear())
    over_time.all(r, e, [&](int k, int i, T sum) { put_at(pair_rows + k, i, sum); });
}

template <class Model, class T, class Put>
__device__ void product_gradient(const Team<Model, T>& team, int steps, T* dS,
                                 Put put) requires(has_gates(Model::recurrence)) {
  const TeamHistory<T>& history = team.history;
  const int units = team.shape.units, columns = team.shape.columns();
  const Contraction<T> over_time(team.workers, team.memory);
  for (int p = 0; p < Product<Model>::targets; ++p)
    over_time.all(steps, {history.carriers, units, units},
                  {history.adjoint(0, p), history.preactivations * units, units},
                  [&](int k, int i, T sum) { put(dS + (p * units + k) * columns + i, sum); });
}

template <class Model, class T, class Put>
__device__ void channel_gradient(const Team<Model, T>& team, int steps, const Packed<T>& d,
                                 Put put) {
  const Shape<T>& shape = team.shape;
  const TeamHistory<T>& history = team.history;
  const int units = shape.units, channels = shape.channels(), driven = shape.driven(),
            reductions = shape.reductions, preactivations = shape.preactivations;
  const RowsOverTime<T> all{history.carriers, units, units},
      read{team.out(1), units, units};  // by the readout, from state 1 on
  const auto to_channel = [&](int first) {
    return [&, first](int k, int n, T sum) { put(d.gather + n * channels + first + k, sum); };
  };
  Contraction<T> over_time(team.workers, team.memory);
  over_time.few(steps + 1, {history.d_overlaps, channels, reductions}, all, to_channel(0));
  over_time.few(steps, {rows_from(history.d_overlap(1), reductions), channels, shape.readouts},
                read, to_channel(reductions));
  if constexpr (has_late<Model>) gates_gradient(team, steps, over_time, d, put);
  for (int p = has_late<Model> ? preactivations - 1 : 0; p < preactivations; ++p)
    over_time.few(steps, RowsOverTime<T>{history.drives, driven + 1, driven + 1},
                  RowsOverTime<T>{history.adjoint(0, p), preactivations * units, units},
                  [&](int k, int n, T sum) {
                    const int row = n * preactivations + p;
                    put(k < driven ? d.drive + row * driven + k : d.bias + row, sum);
                  });
  over_time.few(steps, {rows_from(history.d_overlap(1), reductions), channels, shape.readouts},
                {rows_from(history.drives, driven), driven + 1, 1},  // rows of 1
                [&](int o, int, T sum) { put(d.b_out + o, sum); });
}

// d (+)= the gradient of the tile; `first` starts the sums
template <class Model, class T>
__device__ void add_team_gradient(const Team<Model, T>& team, int steps, bool first,
                                  const Packed<T>& d) {
  const auto put = [first](T* at, T sum) { *at = first ? sum : *at + sum; };
  if constexpr (Product<Model>::exists)  // a copy, since what has an address is in memory
    product_gradient(Team<Model, T>(team), steps, d.product, put);
  channel_gradient(team, steps, d, put);
}

}  // namespace tbrnn::cuda
