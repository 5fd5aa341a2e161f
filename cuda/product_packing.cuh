// Between the parameter block and the rows of the product stage. A thread takes what one unit j, or one pair of j and k, sends to unit i.
#pragma once

#include "block_sum.cuh"
#include "product.cuh"
#include "workers.cuh"

namespace tbrnn::cuda {

// use(i, j), neighbouring threads with neighbouring i; of several targets i + target units
template <class Model, class T, class Use>
__device__ void each_sender(const Workers& all, const Shape<T>& shape, Use use) {
  const int units = shape.units;
  for (int target = 0; target < Product<Model>::targets; ++target)
    for (int item = all.spread_thread(); item < units * units; item += all.threads())
      use(target * units + item % units, item / units);
}

// use(i, j, k) of the pairs j <= k, neighbouring threads with neighbouring i
template <class Use>
__device__ void each_pair_of(const Workers& all, int units, Use use) {
  for (int item = all.spread_thread(); item < units * units * units; item += all.threads()) {
    const int pair = item / units, j = pair / units, k = pair % units;
    if (j <= k) use(item % units, j, k);
  }
}

// Where the weight from j to i of a matrix lies; i + target units of several targets.
template <class T>
__device__ int matrix_place(const Shape<T>& shape, int i, int j) {
  const int units = shape.units;
  return (i / units * units + j) * shape.columns() + i % units;
}

template <class T>
__device__ Senders senders(const Shape<T>& shape) {
  return {shape.units, shape.excitatory};
}

// Rows [row][columns] that drive; what is no unit has the weight 0.
template <class Model, class T>
__device__ void pack_rows(const Workers& all, const Shape<T>& shape, const T* p, T* rows) {
  const int units = shape.units, columns = shape.columns(), beyond = columns - units;
  if constexpr (Product<Model>::pairs) {
    const Factors<T> f = Model::factors(p, units, shape.product_factor, shape.gated);
    each_pair_of(all, units, [&](int i, int j, int k) {
      Model::pack_row(p, units, i, j, k, f, rows, columns);
    });
  } else {
    each_sender<Model>(all, shape, [&](int i, int j) {
      rows[matrix_place(shape, i, j)] =
          shape.product_factor * Model::weight(p, senders(shape), i, j);
    });
  }
  for (int item = all.thread(); item < shape.product_rows * beyond; item += all.threads())
    rows[item / beyond * columns + units + item % beyond] = T(0);
}

// The same weights in the order in which the adjoint reads them.
template <class Model, class T>
__device__ void transpose_rows(const Workers& all, const Shape<T>& shape, const T* rows, T* pulls) {
  const int units = shape.units, columns = shape.columns();
  const PairRows pairs{units, false};
  for (int item = all.thread(); item < Product<Model>::pulls(units) * columns;
       item += all.threads()) {
    const int k = item % columns, row = item / columns,
              linear = row - Product<Model>::pair_pulls(units);
    if (k >= units) {
      pulls[item] = T(0);
    } else if (linear >= 0) {
      const int i = linear % units;
      pulls[item] = rows[(Product<Model>::pair_rows(units) + linear - i + k) * columns + i];
    } else {
      const int i = row % units, j = row / units;
      const T S = rows[(j < k ? pairs.row(j, k) : pairs.row(k, j)) * columns + i];
      pulls[item] = j == k ? S + S : S;
    }
  }
}

template <class Model, class T>
__device__ void pack_product(const Workers& all, const Shape<T>& shape, const T* p, T* product) {
  pack_rows<Model>(all, shape, p, product);
  if (Product<Model>::pairs || !shape.product_pulls) return;
  all.barrier();
  transpose_rows<Model>(all, shape, product, product + shape.product_rows * shape.columns());
}

// The gradient of inputs, biases and readouts; what the loss does not see has none.
template <class T>
__device__ void unpack_channels(const Workers& all, const Shape<T>& shape, const Packed<T>& d,
                                T* gradient) {
  const int units = shape.units, inputs = shape.inputs, targets = shape.preactivations;
  const auto each = [&](int first, int count, auto entry) {
    if (first < 0) return;
    for (int item = all.spread_thread(); item < count; item += all.threads())
      gradient[first + item] = entry(item);
  };
  for (int i = 0; i < targets; ++i) {
    const T factor = shape.input_factor[i];
    each(shape.w_in[i], units * inputs, [&](int item) {
      return factor * d.drive[(item / inputs * targets + i) * inputs + item % inputs];
    });
    each(shape.b_in[i], units, [&](int n) { return factor * d.bias[n * targets + i]; });
  }
  if (shape.readouts == 0) {
    each(shape.w_out, shape.parameters - shape.w_out, [](int) { return T(0); });
    return;
  }
  each(shape.w_out, shape.readouts * units,
       [&](int item) { return d.gather[item % units * shape.readouts + item / units]; });
  each(shape.b_out, shape.readouts, [&](int k) { return d.b_out[k]; });
}

// In every thread.
template <class T>
__device__ double dot_over_block(const T* a, const T* b, std::size_t begin, std::size_t end) {
  double sum = 0;
  for (std::size_t i = begin + static_cast<std::size_t>(dev::thread()); i < end; i += block_threads)
    sum += dot(a, b, i, i + 1);
  return over_block(sum);
}

// Writes the gradient of the product's parameters.
template <class Model, class T>
__device__ void unpack_product(const Workers& all, const Shape<T>& shape, const T* p, const T* dS,
                               T* gradient) {
  const int units = shape.units, columns = shape.columns();
  if constexpr (Product<Model>::dense) {
    each_sender<Model>(all, shape, [&](int i, int j) {
      const T dW = shape.product_factor * dS[matrix_place(shape, i, j)];
      gradient[i * units + j] = Model::weight_adjoint(p, senders(shape), i, j, dW);
    });
  } else {
    const Factors<T> f = Model::factors(p, units, shape.product_factor, shape.gated);
    each_pair_of(all, units, [&](int i, int j, int k) {
      Model::pack_row_adjoint(dS, units, i, j, k, f, columns, gradient);
    });
    if constexpr (Model::has_gate) {
      const PairPlaces at(units);
      all.barrier();  // the gradients of the weights are written
      if (all.rank) return;
      const double two = dot_over_block(p, gradient, 0, at.three),
                   three = dot_over_block(p, gradient, at.three, at.gate);
      if (dev::thread() == 0)
        gradient[at.gate] = Model::gate_adjoint(p[at.gate], shape.gated, two, three);
    }
  }
}

}  // namespace tbrnn::cuda
