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
  __device__ T& noise(int t) const { return error(t); }
  __device__ T& response(int t, int p) const { return at(history.response, t * targets + p); }
  __device__ T& drive(int t, int p) const { return at(history.adjoint, t * targets + p); }
  __device__ T& adjoint(int t, int p) const { return drive(t, p); }

 private:
  __device__ T& at(Quad<T>* array, int place) const {
    return reinterpret_cast<T*>(array)[place * row + n];
  }
};

// What the first warp does in the two loops. `each` is for the units of a lane.
template <class Model, class T, class S, int lanes>
class UnitLoop {
  using V = Number<T>;
  using Unit = UnitStep<Model, T, S>;
  using Stage = ProductStage<Model, T, lanes>;
  static constexpr int targets = Product<Model>::targets;
  static constexpr int own = Group<lanes>::units / 32;  // units of a lane

 public:
  __device__ UnitLoop(const Shape<T>& shape, int steps, const History<T>& history)
      : shape_(shape), steps_(steps), history_(history) {
    if (typename S::template Of<T>{shape}.own_leak())
      each([&](int i, int n) { leaks_[i] = OwnLeak<T>::of(shape, n); });
  }

  // `initial` of the units, or null
  __device__ void forward(const T* initial, V sigma) const {
    V x[own] = {}, carrier[own], drive[own][targets], noise[own];
    const bool noisy = sigma.v != T(0);
    const auto read = [&](int t) {
      each([&](int i, int n) {
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p) drive[i][p] = V(saved(n).drive(t, p));
        noise[i] = V(noisy ? saved(n).noise(t) : T(0));
      });
    };
    const auto send = [&] {
      each([&](int i, int n) {
        carrier[i] = unit(i).carrier(x[i]);
        Stage::send(n, carrier[i]);
      });
    };
    const auto save = [&](int t) {
      each([&](int i, int n) {
        saved(n).carrier(t) = carrier[i].v;
        if (t && unit(i).apart()) saved(n).apart(t - 1) = unit(i).out(x[i], carrier[i]).v;
        if (t && unit(i).saves_state()) saved(n).state(t - 1) = x[i].v;
      });
    };
    each([&](int i, int n) { x[i] = V(initial && n < shape_.units ? initial[n] : T(0)); });
    for (int t = 0; t < steps_; ++t) {
      send();
      read(t);
      Stage::meet();  // the carriers are there
      save(t);
      Stage::meet();  // the shares of the products are there
      each([&](int i, int n) {
        V v[targets];
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p) v[p] = drive[i][p] + Stage::product(p, n);
        x[i] = unit(i).step(x[i], v);
        if (noisy) x[i] = with_noise(x[i], sigma, noise[i]);
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p)
          if (unit(i).responds()) saved(n).response(t, p) = v[p].v;
      });
    }
    send();
    save(steps_);
  }

  // From the adjoints of what is read out to those of the pre-activations, which take the place of their drives.
  __device__ void backward() const {
    typename Unit::Seen seen[own], next[own];  // of steps t and t - 1
    V lambda[own], d_r[own], e[own][targets];
    const auto read = [&](int t, typename Unit::Seen(&seen)[own]) {
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
      seen[i] = next[i] = {};
      seen[i].after = V(saved(n).carrier(steps_));
    });
    if (steps_) read(steps_ - 1, seen);
    if (steps_ > 1) read(steps_ - 2, next);
    TBRNN_UNROLL_TIMES(2)
    for (int t = steps_ - 1; t >= 0; --t) {
      each([&](int i, int n) {
        unit(i).adjoint(seen[i], d_r[i], lambda[i], e[i]);
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p) Stage::send_adjoint(p, n, e[i][p]);
        Stage::send(n, seen[i].before);
        next[i].after = seen[i].before;
        seen[i] = next[i];
      });
      if (t > 1) read(t - 2, next);
      Stage::meet();  // the adjoints and the carriers of state t are there
      each([&](int i, int n) {
        TBRNN_UNROLL
        for (int p = 0; p < targets; ++p) saved(n).adjoint(t, p) = e[i][p].v;
      });
      Stage::meet();  // what the adjoints pull is there
      each([&](int i, int n) { d_r[i] = Stage::pulled(n); });
    }
  }

 private:
  template <class Use>
  __device__ static void each(Use use) {
    TBRNN_UNROLL
    for (int i = 0; i < own; ++i) use(i, i * 32 + dev::thread());
  }
  __device__ Unit unit(int i) const { return Unit(shape_, leaks_[i]); }
  __device__ UnitHistory<Model, T, lanes> saved(int n) const { return {history_, n}; }

  // Copies: for all that the compiler knows, what a loop saves might change the originals.
  const Shape<T> shape_;
  const int steps_;
  const History<T> history_;
  OwnLeak<T> leaks_[own];
};

// Called, so that the registers are the loop's alone.
template <class Model, class T, class S, int lanes>
__device__ TBRNN_CALLED void lead_forward(const Shape<T>& shape, int steps, const T* initial,
                                          T sigma, const History<T>& history) {
  UnitLoop<Model, T, S, lanes>(shape, steps, history).forward(initial, Number<T>(sigma));
}

template <class Model, class T, class S, int lanes>
__device__ TBRNN_CALLED void lead_backward(const Shape<T>& shape, int steps,
                                           const History<T>& history) {
  UnitLoop<Model, T, S, lanes>(shape, steps, history).backward();
}

}  // namespace tbrnn::cuda
