// The product stage of the polynomial recurrence of one tile, y += S^T p: row (j, k), j <= k, of p is r_j r_k, and with a linear part
// row j behind them is r_j, r the carrier of equations/leak.hpp. S [row][unit] is packed for each direction in the order of reading.
#pragma once

#include "cpu/micro_kernel.hpp"
#include "cpu/pair_panels.hpp"
#include "cpu/time.hpp"
#include "cpu/transpose.hpp"

namespace tbrnn::inline TBRNN_ISA {

// Where a row is. Behind the pairs j is the number of units, and k that of the linear row.
struct PairPlace {
  int j = 0, k = 0;
};

// `count` rows [row][32] from `place` on; returns the place behind them
template <class T>
PairPlace generate_rows(int units, int count, const T* r, PairPlace place, T* rows) {
  using P = Two<T>;
  while (count > 0) {
    const int here = count < units - place.k ? count : units - place.k;
    const T *r_j = r + place.j * tile_trials, *r_k = r + place.k * tile_trials;
    if (place.j == units)
      copy_rows(r_k, rows, here);
    else
      for (int lane = 0; lane < tile_trials; lane += P::lanes) {
        const P factor = P::load(r_j + lane);
        for (int at = lane; at < here * tile_trials; at += tile_trials)
          (factor * P::load(r_k + at)).store(rows + at);
      }
    rows += here * tile_trials;
    count -= here;
    place.k += here;
    if (place.k == units) place.k = ++place.j == units ? 0 : place.j;
  }
  return place;
}

// Rows (j, k), (j, k + 1), ...: A_jk = sum_i S_jk,i e_i,   g_j += A_jk r_k,   g_k += A_jk r_j
template <int R, class T>
void pair_adjoint(int units, const T* S, int step, const T* e, const T* r, T* g, int j, int k) {
  using P = Two<T>;
  P sum[R];
  unroll<R>([&](auto row) TBRNN_INLINED { sum[row] = P(T(0)); });
  multiply_add<1>(
      sum, units, S, [=](int) TBRNN_INLINED { return step; }, e);
  const P r_j = P::load(r + j * tile_trials);
  P g_j(T(0));
  unroll<R>([&](auto row) TBRNN_INLINED {
    const T* r_k = r + (k + row) * tile_trials;
    T* g_k = g + (k + row) * tile_trials;
    g_j = fma(sum[row], P::load(r_k), g_j);
    fma(sum[row], r_j, P::load(g_k)).store(g_k);
  });
  (P::load(g + j * tile_trials) + g_j).store(g + j * tile_trials);
}

// dS_row,i += sum over steps and trials of p_row e_i, p [step][row][32], units i on lanes [step][32 trials][32]
template <int R, class T>
void pair_gradient(int steps, const T* p, const T* units, T* dS, int columns) {
  Two<T> sum[R];
  unroll<R>([&](auto row) TBRNN_INLINED { sum[row] = Two<T>(T(0)); });
  multiply_add_steps(sum, steps, {p, R * tile_trials}, units);
  unroll<R>([&](auto row) TBRNN_INLINED {
    T* at = dS + static_cast<std::ptrdiff_t>(row) * columns;
    (Two<T>::load(at) + sum[row]).store(at);
  });
}

// of a few steps, whose sums come first
template <class T>
void pair_gradients(PairRows rows, int steps, Rows<T> carrier, Rows<T> e, T* dS, T* memory) {
  constexpr int square = tile_trials * tile_trials;
  const int units = rows.units, columns = padded(units);
  T* p = memory;
  for (int unit = 0; unit < units; unit += tile_trials)
    for (int t = 0; t < steps; ++t, p += square)
      transpose_rows(e.at + t * e.step + unit * tile_trials, units - unit, p);
  PairPlace place;
  for_blocks(Panels{rows.count(), 0}, [&]<int R>(int first, int, int row) {
    T* to = dS + static_cast<std::ptrdiff_t>(first + row) * columns;
    for (int at = 0; at < R * columns; at += Pack<T>::lanes) __builtin_prefetch(to + at);
    const PairPlace from = place;
    for (int t = 0; t < steps; ++t)
      place = generate_rows(units, R, carrier.at + t * carrier.step, from, p + t * R * tile_trials);
    for (int unit = 0; unit < units; unit += Two<T>::lanes)
      pair_gradient<R>(steps, p, memory + unit / tile_trials * steps * square + unit % tile_trials,
                       to + unit, columns);
  });
}

struct Pairs {
  static constexpr bool exists = true;

  // rows [unit][32]; begin and finish as those of multiply, but of all units at once
  template <class T, class Begin, class Finish>
  static void forward(const Network<T>& net, const Workspace<T>& work, const T* carrier, T* y,
                      Begin begin, Finish finish) {
    const GeneratedRows rows{{net.units, net.linear}};
    PairPlace place;
    begin(0, net.units);
    for (int block = 0; block < rows.blocks(); ++block) {
      const int first = rows.first(block), count = rows.first(block + 1) - first;
      place = generate_rows(net.units, count, carrier, place, work.product);
      multiply(Panels{net.units, count}, net.product + rows.rows.at(first), work.product, y);
    }
    finish(0, net.units);
  }

  template <class T, class Finish>
  static void adjoint(const Network<T>& net, const Workspace<T>&, const T* carrier, const T* e,
                      T* g, Finish finish) {
    const PairRows rows{net.units, net.linear};
    const T* S = net.product + rows.at(rows.count());
    zero_rows(g, net.units);
    for (int j = 0; j < net.units; ++j) {
      const Panels panels{net.units - j, net.units};
      for (int lane = 0; lane < tile_trials; lane += Two<T>::lanes)
        for_blocks(panels, [&]<int R>(int first, int size, int row) {
          pair_adjoint<R>(net.units, S + panels.offset(first) + row, size, e + lane, carrier + lane,
                          g + lane, j, j + first + row);
        });
      S += panels.size();
    }
    if (net.linear) multiply(Panels{net.units, net.units}, S, e, g);
    finish(0, net.units);
  }

  // A few steps at a time leave all that is read in L1, if there are few units.
  template <class T>
  static void gradient(const Network<T>& net, const Workspace<T>& work, int steps, Rows<T> carrier,
                       Rows<T> e, T* dS) {
    const int most = net.units <= tile_trials ? 4 : steps;
    for (int t = 0; t < steps; t += most)
      pair_gradients<T>({net.units, net.linear}, steps - t < most ? steps - t : most,
                        {carrier.at + t * carrier.step, carrier.step}, {e.at + t * e.step, e.step},
                        dS, work.product);
  }
};

}  // namespace tbrnn::inline TBRNN_ISA
