// Inputs, noise and readouts of a network with a product stage, for all steps of a trial at once, before and after its time loops:
//
//   drive_t = b + W_in u_t       o_t = b_out + W_out out_t       d_out_t = W_out^T d_o_t
// The loss and d_o are those of losses.cuh; without readouts it is of the units, and d_out its adjoint.
#pragma once

#include "forward.cuh"
#include "losses.cuh"
#include "scratch.cuh"

namespace tbrnn::cuda {

template <class T>
struct Rows {  // of the steps
  T* at;
  int stride;
  __device__ T* step(int t) const { return at + static_cast<std::ptrdiff_t>(t) * stride; }
};

// to_t = bias + sum_c from_tc matrix_c, rows of whole quads; by all threads of a block. A thread takes some steps at once, which share the
// weights.
template <class T>
__device__ TBRNN_CALLED void multiply_steps(int steps, int senders, int receivers, const T* matrix,
                                            const T* bias, Rows<const T> from, Rows<T> to) {
  constexpr int at_once = 2;
  const int across = receivers / lane_units, items = (steps + at_once - 1) / at_once * across;
  for (int item = dev::thread(); item < items; item += block_threads) {
    const int first = item / across * at_once, k = item % across * lane_units;
    const T *row[at_once], *w = matrix + k;
    Quad<T> sum[at_once] = {};
    TBRNN_UNROLL
    for (int s = 0; s < at_once; ++s) {
      row[s] = from.step(first + s < steps ? first + s : first);
      if (bias) sum[s] = quad_at(bias + k);
    }
    TBRNN_UNROLL_TIMES(2)
    for (int c = 0; c < senders; c += lane_units) {
      Quad<T> value[at_once];
      TBRNN_UNROLL
      for (int s = 0; s < at_once; ++s) value[s] = quad_at(row[s] + c);
      TBRNN_UNROLL
      for (int i = 0; i < lane_units; ++i, w += receivers) {
        const Quad<T> weight = quad_at(w);
        TBRNN_UNROLL
        for (int s = 0; s < at_once; ++s) TBRNN_UNROLL
        for (int b = 0; b < lane_units; ++b)
          sum[s].v[b] = std::fma(value[s].v[i], weight.v[b], sum[s].v[b]);
      }
    }
    TBRNN_UNROLL
    for (int s = 0; s < at_once; ++s)
      if (first + s < steps) *reinterpret_cast<Quad<T>*>(to.step(first + s) + k) = sum[s];
  }
}

template <class Model, class T, class S, int lanes>
class ProductChannels {
  using V = Number<T>;
  static constexpr int row = Group<lanes>::units, targets = Product<Model>::targets;

 public:
  __device__ ProductChannels(const Shape<T>& shape, int steps, const Noise<T>& noise,
                             const Source<T>& trial, const Scratch<T>& scratch)
      : shape_(shape),
        steps_(steps),
        noise_(noise),
        trial_(trial),
        history_(scratch.history),
        w_(shape, Seats{1, lanes}, scratch.channels) {}

  // The weights as multiply_steps reads them, with zeros for what does not exist; by all threads.
  __device__ static void take_weights(const Shape<T>& shape, const T* p,
                                      const Scratch<T>& scratch) {
    const ChannelMatrices<T> w(shape, Seats{1, lanes}, scratch.channels);
    const int units = shape.units, inputs = shape.inputs, readouts = shape.readouts;
    const auto fill = [](T* to, int rows, int columns, auto entry) {
      constexpr int at_once = 4;  // as much as this is on its way from memory
      const int count = rows * columns;
      for (int first = dev::thread(); first < count; first += at_once * block_threads) {
        T value[at_once];
        TBRNN_UNROLL
        for (int i = 0; i < at_once; ++i) {
          const int item = first + i * block_threads, it = item < count ? item : first;
          value[i] = entry(it / columns, it % columns);
        }
        TBRNN_UNROLL
        for (int i = 0; i < at_once; ++i)
          if (first + i * block_threads < count) to[first + i * block_threads] = value[i];
      }
    };
    fill(w.in, whole_quads(inputs), targets * row, [&](int c, int to) {
      const int i = to / row, n = to % row;
      return c < inputs && n < units ? shape.input_factor[i] * p[shape.w_in[i] + n * inputs + c]
                                     : T(0);
    });
    fill(w.bias, targets, row, [&](int i, int n) {
      return shape.b_in[i] >= 0 && n < units ? shape.input_factor[i] * p[shape.b_in[i] + n] : T(0);
    });
    const auto readout = [&](int n, int k) {
      return n < units && k < readouts ? p[shape.w_out + k * units + n] : T(0);
    };
    fill(w.out, shape.columns(), whole_quads(readouts), readout);
    fill(w.back, whole_quads(readouts), row, [&](int k, int n) { return readout(n, k); });
    fill(w.b_out, 1, whole_quads(readouts),
         [&](int, int k) { return shape.b_out >= 0 && k < readouts ? p[shape.b_out + k] : T(0); });
    dev::block_barrier();
  }

  __device__ void drives() const {
    if (noisy()) {
      add_noise();
      dev::block_barrier();
    }
    if (noise_.sigma != T(0)) draw_noise();
    multiply_steps<T>(steps_, whole_quads(shape_.inputs), targets * row, w_.in, w_.bias, inputs(),
                      {reinterpret_cast<T*>(history_.adjoint), targets * row});
    dev::block_barrier();
  }

  // After the forward loop. Returns the thread's share of the loss.
  __device__ T errors(T twice, bool learns) const {
    if (shape_.readouts) {
      multiply_steps<T>(steps_, shape_.columns(), whole_quads(shape_.readouts), w_.out, w_.b_out,
                        carriers(), outputs());
      dev::block_barrier();
    }
    const T loss = compare(twice);
    dev::block_barrier();
    if (shape_.readouts && learns) {
      const Rows<T> d_o = outputs();
      multiply_steps<T>(steps_, whole_quads(shape_.readouts), row, w_.back, nullptr,
                        {d_o.at, d_o.stride}, unit_errors_at());
      dev::block_barrier();
    }
    return loss;
  }

  __device__ Rows<const T> inputs() const {
    const int stride = whole_quads(shape_.inputs);
    if (noisy()) return {history_.inputs, stride};
    return {trial_.inputs, stride * tile_trials};
  }
  __device__ Rows<const T> carriers() const {  // what is read out after each step
    const T* after = reinterpret_cast<const T*>(history_.carrier) + row;
    return {shape_.apart ? reinterpret_cast<const T*>(history_.apart) : after, row};
  }
  __device__ Rows<T> outputs() const { return {history_.channels, whole_quads(shape_.readouts)}; }

 private:
  __device__ bool noisy() const { return shape_.noisy_inputs && noise_.input_sigma != T(0); }
  __device__ Rows<T> unit_errors_at() const { return {reinterpret_cast<T*>(history_.error), row}; }

  // Of the inputs, a quad at a time.
  __device__ void add_noise() const {
    const int across = whole_quads(shape_.inputs) / lane_units;
    for (int item = dev::thread(); item < steps_ * across; item += block_threads) {
      const int t = item / across, begin = item % across * lane_units;
      T z[lane_units];
      normals(noise_, t, trial_.number, begin, z, Purpose::input_noise);
      Quad<T> u = quad_at(Source<T>::step(trial_.inputs, t, whole_quads(shape_.inputs)) + begin);
      TBRNN_UNROLL
      for (int i = 0; i < lane_units; ++i) {
        if (begin + i >= shape_.inputs) continue;
        V noisy = with_noise(V(u.v[i]), V(noise_.input_sigma), V(z[i]));
        if (shape_.rectified_inputs) noisy = rectified(noisy);
        u.v[i] = noisy.v;
      }
      *reinterpret_cast<Quad<T>*>(history_.inputs + item * lane_units) = u;
    }
  }

  // Of the units, which the forward loop reads where their errors will be.
  __device__ void draw_noise() const {
    for (int item = dev::thread(); item < steps_ * lanes; item += block_threads) {
      Quad<T>& z = history_.error[item];
      normals(noise_, item / lanes, trial_.number, item % lanes * lane_units, z.v);
    }
  }

  // A group of lanes compares the outputs of a step, and leaves their adjoints behind.
  __device__ T compare(T twice) const {
    const bool on_units = shape_.readouts == 0;
    const int k = Group<lanes>::unit(0), mine = Group<lanes>::trial();
    const Rows<T> d = on_units ? unit_errors_at() : outputs();
    V loss(T(0));
    for (int first = 0; first < steps_; first += Group<lanes>::trials) {
      const int t = first + mine;
      const bool exists = t < steps_;
      V out[lane_units] = {}, d_o[lane_units];
      UnitTargets<T> targets{};
      if (exists && k < shape_.target_rows()) {
        from(quad_at((on_units ? carriers().step(t) : outputs().step(t)) + k), out);
        targets.template read<lanes>(shape_, trial_, t);
      }
      unit_errors<T, S, lanes>(shape_, targets, V(twice), out, d_o, loss);  // 0 behind the steps
      if (exists && k < d.stride) *reinterpret_cast<Quad<T>*>(d.step(t) + k) = quad(d_o);
    }
    return loss.v;
  }

  const Shape<T>& shape_;
  const int steps_;
  const Noise<T>& noise_;
  const Source<T>& trial_;
  const History<T>& history_;
  const ChannelMatrices<T> w_;
};

}  // namespace tbrnn::cuda
