// The time loop of one trial with a product stage, forward and backward. The lanes of the first warp have the units, each one or several
// of them; the other warps follow. Inputs and readouts are not here: product_channels.cuh takes all steps at once.
#pragma once

#include "product_stage.cuh"
#include "product_units.cuh"

namespace tbrnn::cuda {

// Unit n in the history.
template <class Model, class T, int lanes>
struct UnitHistory {
  static constexpr int row = Group<lanes>::units, targets = Product<Model>::targets;
  const History<T>& history;
  const int n;

  __device__ T& carrier(int t) const { return at(history.carrier, t); }
  __device__ T& state(int t) const { return at(history.state, t); }
  __device__ T& apart(int t) const { return at(history.apart, t); }
  __device__ T& error(int t) const { return at(history.error, t); }
  __device__ T& response(int t, int p) const { return at(history.response, t * targets + p); }
  __device__ T& drive(int t, int p) const { return at(history.adjoint, t * targets + p); }
  __device__ T& adjoint(int t, int p) const { return drive(t, p); }

 private:
  __device__ T& at(Quad<T>* array, int place) const {
    return reinterpret_cast<T*>(array)[place * row + n];
  }
};

template <class Model, class T, class S, int lanes>
class ProductLoop {
  using V = Number<T>;
  using Unit = UnitStep<Model, T, S>;
  static constexpr int targets = Product<Model>::targets;
  static constexpr int own = Group<lanes>::units / 32;  // units of a lane

 public:
  __device__ ProductLoop(const Shape<T>& shape, int steps,
                         const ProductStage<Model, T, lanes>& stage, const History<T>& history)
      : shape_(shape), steps_(steps), stage_(stage), history_(history) {}

  __device__ void forward(const Source<T>& trial, const Noise<T>& noise) const {
    if (!stage_.leads()) return stage_.follow_forward(steps_);
    OwnLeak<T> leaks[own];
    const auto unit = units(leaks);
    V x[own], carrier[own], v[own][targets];
    each([&](int i, int n) {
      x[i] = V(trial.initial && n < shape_.units ? trial.initial[n] : T(0));
    });
    const auto send = [&](int t) {
      each([&](int i, int n) {
        carrier[i] = unit(i).carrier(x[i]);
        stage_.send(n, carrier[i]);
        if (t == steps_) return;
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p) v[i][p] = V(saved(n).drive(t, p));
      });
    };
    const auto save = [&](int t) {
      each([&](int i, int n) {
        saved(n).carrier(t) = carrier[i].v;
        if (t && unit(i).apart()) saved(n).apart(t - 1) = unit(i).out(x[i], carrier[i]).v;
        if (t && unit(i).saves_state()) saved(n).state(t - 1) = x[i].v;
      });
    };
    send(0);
    for (int t = 0; t < steps_; ++t) {
      stage_.meet();  // the carriers are there
      save(t);
      stage_.meet();  // the shares of the products are there
      each([&](int i, int n) {
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p) v[i][p] = v[i][p] + stage_.product(p, n);
        x[i] = unit(i).step(x[i], v[i]);
        if (noise.sigma != T(0))
          x[i] = fma(V(noise.sigma), normal_of(noise, t, trial.number, n), x[i]);
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p)
          if (unit(i).responds()) saved(n).response(t, p) = v[i][p].v;
      });
      send(t + 1);
    }
    save(steps_);
  }

  // From the adjoints of what is read out to those of the pre-activations, which take the place of their drives.
  __device__ void backward() const {
    if (!stage_.leads()) return stage_.follow_backward(steps_);
    OwnLeak<T> leaks[own];
    const auto unit = units(leaks);
    typename Unit::Seen seen[own];
    V lambda[own], d_r[own], e[own][targets];
    const auto read = [&](int t) {
      each([&](int i, int n) {
        seen[i].before = V(saved(n).carrier(t));
        seen[i].error = V(saved(n).error(t));
        if (unit(i).apart()) seen[i].out = V(saved(n).apart(t));
        if (unit(i).saves_state()) seen[i].x = V(saved(n).state(t));
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p)
          if (unit(i).responds()) seen[i].response[p] = V(saved(n).response(t, p));
      });
    };
    each([&](int i, int n) {
      lambda[i] = d_r[i] = V(T(0));
      seen[i] = {};
      seen[i].after = V(saved(n).carrier(steps_));
    });
    if (steps_) read(steps_ - 1);
    for (int t = steps_ - 1; t >= 0; --t) {
      each([&](int i, int n) {
        unit(i).adjoint(seen[i], d_r[i], lambda[i], e[i]);
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p) stage_.send_adjoint(p, n, e[i][p]);
      });
      stage_.meet();  // the adjoints are there
      each([&](int i, int n) {
        stage_.send(n, seen[i].before);
        seen[i].after = seen[i].before;
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p) saved(n).adjoint(t, p) = e[i][p].v;
      });
      if (t) read(t - 1);
      dev::warp_barrier();  // the carriers are there
      stage_.meet();        // and what the adjoints pull
      each([&](int i, int n) { d_r[i] = stage_.pulled(n); });
    }
  }

 private:
  // unit(i): the step of a lane's unit
  __device__ auto units(OwnLeak<T> (&leaks)[own]) const {
    if (typename S::template Of<T>{shape_}.own_leak())
      each([&](int i, int n) { leaks[i] = OwnLeak<T>::of(shape_, n); });
    return [this, &leaks](int i) { return Unit(shape_, leaks[i]); };
  }
  template <class Use>
  __device__ static void each(Use use) {
    TBRNN_UNROLL
    for (int i = 0; i < own; ++i) use(i, i * 32 + dev::thread());
  }
  __device__ UnitHistory<Model, T, lanes> saved(int n) const { return {history_, n}; }

  const Shape<T>& shape_;
  const int steps_;
  const ProductStage<Model, T, lanes>& stage_;
  const History<T>& history_;
};

}  // namespace tbrnn::cuda
