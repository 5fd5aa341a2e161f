// Backpropagation through the time loop of forward.cuh, by hand. lambda_n is the adjoint of x_n, e_n that of what the drives add to:
//
//   g_n = sum_k P_nk dc_k     lambda = leak lambda' + phi'(x) g      (rate; voltage: see equations/leak.hpp)
//   dP_nk += r_n dc_k         dQ_nc += e_n s_c        db_n += e_n
//   ds_c = sum_n Q_nc e_n     dc = mix_adjoint(ds)    a shuffle over the group
//
// The adjoints of the outputs are those of losses.cuh. The sums of the gradient stay in the lane's registers over all steps and all its trials of a tile.
#pragma once

#include "state_adjoint.cuh"

namespace tbrnn::cuda {

// Steps: what many blocks remember is more than the L2 cache holds.
inline constexpr int fetched_ahead = 8;

// Where the errors are the units', `loss` takes the lane's share of them.
template <class Model, class T, class S, int lanes>
__device__ void backward(const Shape<T>& shape, int steps, const Source<T>& trial, Noise<T> noise,
                         T twice, const LaneWeights<T, S>& w, const History<T>& history,
                         LaneSums<T, S>& sums, Number<T>& loss) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  V lambda[lane_units], e[lane_units], d_o[lane_units];
  V c[S::most_channels], dc[S::most_channels], ds[S::most_driven];
  TBRNN_UNROLL
  for (int i = 0; i < lane_units; ++i) lambda[i] = d_o[i] = V(T(0));
  [[maybe_unused]] LaneLeaks<T> own;
  if (sizes.own_leak()) own = LaneLeaks<T>::template of<lanes>(shape);
  const Trace<T, S, lanes> trace(shape, steps, history);
  const auto read_state = [&](int t, const Quad<T>* sent, Remembered<T, S>& step) {
    step.seen.template read<lanes>(shape, trial, history, t, sent);
  };
  const auto read_inputs = [&](int t, Remembered<T, S>& step) {
    inputs_of<T, S>(shape, trial, noise, t, sizes.drives(), step.s);
    if constexpr (!S::asks_ahead) step.s[S::most_driven] = V(T(1));
  };
  using Ahead = Ring<T, lanes>;
  Ahead& ring = Ahead::of_block();
  const Quad<T>* const inputs = ring.own_inputs(trial.inputs, -1);
  const auto given_at = [&](std::ptrdiff_t t) { return inputs + t * tile_trials; };
  // In four steps from t back the lane asks for its inputs of step t - 3 or t - 4, and of t - 5 or t - 6, as long as t is at least this.
  const int last_asked = ring.asks_for_inputs() ? ring.lane() + 3 : steps,
            asks_from[] = {dev::kept(last_asked), dev::kept(last_asked + 2)};
  const auto read_errors = [&](const T* outputs) {
    read_channels(outputs, sizes.reductions(), sizes.readouts(), dc);
  };
  const auto read_overlaps = [&](const T* overlaps) {
    read_channels(overlaps, 0, sizes.reductions(), c);
  };
  // The adjoint of state t + 1, which step t made, step `at` of `trace`. `now` is of step t, and gets what step t - ahead needs. With the
  // ring, whose slot of state t is -at, and of its inputs the one before, `sent` and `given` are those of four steps before step 0 of `trace`.
  constexpr int ahead = S::backward_ahead;
  const auto take_back = [&](int t, const Trace<T, S, lanes>& trace, int at, Remembered<T, S>& now,
                             Remembered<T, S>& next, const Quad<T>* sent, const Quad<T>* given) {
    const auto& carrier = now.seen.carrier;
    const auto& out = now.seen.read_out(sizes.apart());
    if (sizes.readouts() == 0)
      unit_errors<T, S, lanes>(shape, now.seen.targets, V(twice), out, d_o, loss);
    if (sizes.own_leak()) own_leak_adjoint<T, S, lanes>(shape, history, own, t, lambda);
    state_adjoint<T, S>(shape, w, carrier, out, now.seen.response, dc, d_o, lambda, e);
    if (sizes.own_leak()) {
      TBRNN_UNROLL
      for (int i = 0; i < lane_units; ++i) e[i] = own.alpha[i] * e[i];
    }
    add_gather<T, S>(shape, carrier, out, dc, sums);
    if (ahead == 1 || t) read_state(t - ahead, trace.carrier_at(at + 1 - ahead), now);
    if constexpr (S::has_ring) {
      if (at % 2 == 0) {
        ring.template groups_arrive<0>();
        ring.ask_for_states(t - 2, sent + (at + 1) * block_threads, 3 - at);
        ring.ask_for_inputs(t - at >= asks_from[-at / 2], given + (at + 1) * tile_trials, 2 - at);
        ring.close_group();
      }
      ring.receive_state(1 - at, now.seen.carrier);
    }
    read_errors(trace.outputs(at));
    Model::mix(sizes.ranks(), Values<T>{c}, Values<T>{now.s});
    add_drive<T, S>(shape, e, now.s, sums);
    // Before the shuffles, which hide the wait.
    if constexpr (S::has_ring)
      ring.receive_inputs(-at, sizes.drives(), next.s);
    else if (t >= ahead)
      read_inputs(t - ahead, now);
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int k = 0; k < sizes.drives(); ++k) {
      ds[k] = V(T(0));
      TBRNN_UNROLL
      for (int i = 0; i < lane_units; ++i) ds[k] = fma(w.drive[i][k], e[i], ds[k]);
    }
    Group<lanes>::sum(ds, sizes.drives());
    Model::mix_adjoint(sizes.ranks(), Values<T>{c}, Values<T>{ds}, Values<T>{dc});
    if (t <= 0) return false;
    read_overlaps(trace.overlaps(at - 1));
    return true;
  };
  // The initial state is read by the first step's channels, and by no readout.
  const auto add_initial = [&](Remembered<T, S>& step) {
    TBRNN_UNROLL_TIMES(S::unrolled)
    for (int o = 0; o < sizes.readouts(); ++o) dc[sizes.reductions() + o] = V(T(0));
    add_gather<T, S>(shape, step.seen.carrier, step.seen.carrier, dc, sums);
  };
  Remembered<T, S> now;
  TBRNN_UNROLL_TIMES(S::unrolled)
  for (int k = 0; k < sizes.channels(); ++k) dc[k] = V(T(0));
  read_errors(trace.outputs(steps));
  if (steps) read_overlaps(trace.overlaps(steps - 1));
  if constexpr (!S::has_ring) {
    read_state(steps - 1, trace.carrier_at(steps), now);
    if (steps) read_inputs(steps - 1, now);
  }
  if constexpr (ahead == 1) {
    for (int t = steps; t-- > 0;) take_back(t, trace, t, now, now, nullptr, nullptr);
    add_initial(now);
  } else {  // several steps at a time, so that no numbers are copied and places in the ring are known
    Remembered<T, S> next;
    if constexpr (!S::has_ring) {
      if (steps) read_state(steps - 2, trace.carrier_at(steps - 1), next);
      if (steps > 1) read_inputs(steps - 2, next);
      for (int t = steps - 1; t >= 0; t -= 2) {
        const Trace<T, S, lanes> there = trace.from(t);
        if (t > fetched_ahead) {
          dev::fetch(there.carrier_at(-fetched_ahead));
          dev::fetch(there.carrier_at(-fetched_ahead - 1));
        }
        if (!take_back(t, there, 0, now, next, nullptr, nullptr) ||
            !take_back(t - 1, there, -1, next, now, nullptr, nullptr))
          break;
      }
    } else {
      ring.ask_for_states(steps + 1, trace.carrier_at(steps), 3);  // no step leaves the last
      ring.ask_for_inputs(ring.lane() == 1 && steps, given_at(steps), 2);
      ring.close_group();
      ring.ask_for_states(steps - 1, trace.carrier_at(steps - 2), 1);
      ring.ask_for_inputs(steps > ring.lane() + 1 && ring.asks_for_inputs(), given_at(steps - 2),
                          0);
      ring.close_group();
      ring.template groups_arrive<1>();
      ring.receive_state(3, now.seen.carrier);
      ring.receive_state(0, next.seen.carrier);
      ring.receive_inputs(3, sizes.drives(), now.s);
      for (int t = steps - 1; steps; t -= 4) {
        const Trace<T, S, lanes> there = trace.from(t);
        const Quad<T>*sent = dev::kept(trace.carrier_at(t - 4)),
              *given = dev::kept(given_at(t - 4));
        if (t > fetched_ahead + 2) {
          TBRNN_UNROLL
          for (int i = 0; i < 4; ++i) dev::fetch(sent + (4 - fetched_ahead - i) * block_threads);
        }
        if (!take_back(t, there, 0, now, next, sent, given) ||
            !take_back(t - 1, there, -1, next, now, sent, given) ||
            !take_back(t - 2, there, -2, now, next, sent, given) ||
            !take_back(t - 3, there, -3, next, now, sent, given))
          break;
      }
    }
    if (steps % 2)
      add_initial(next);
    else
      add_initial(now);
  }
}

// The loss alone, in the order of the backward pass, so that the sum has the same bits.
template <class T, class S, int lanes>
__device__ void loss_of_units(const Shape<T>& shape, int steps, const Source<T>& trial,
                              const History<T>& history, Number<T>& loss) {
  using V = Number<T>;
  const typename S::template Of<T> sizes{shape};
  V out[lane_units], d_o[lane_units];
  UnitTargets<T> targets;
  for (int t = steps - 1; t >= 0; --t) {
    from(sizes.apart() ? history.apart[place(t)] : history.carrier[place(t + 1)], out);
    targets.template read<lanes>(shape, trial, t);
    unit_errors<T, S, lanes>(shape, targets, V(T(0)), out, d_o, loss);
  }
}

}  // namespace tbrnn::cuda
