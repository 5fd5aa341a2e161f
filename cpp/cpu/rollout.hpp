// What crosses the border between the engine and the kernels of one instruction set: plain views, nothing else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tiles.hpp"
#include "equations/choices.hpp"

namespace tbrnn {

// One tile of trials. Rows are [32]; a tile that is not full repeats its last trial with weight 0.
template <class T>
struct TileData {
  const T* inputs;   // [time][input][32]
  const T* targets;  // [time][channel][32], or null
  const T* mask;     // [time][mask channel][32], or null
  int mask_channels;
  const T* weight;   // [32]
  const T* initial;  // [unit][32], or null for zero
  int first_trial;
  bool silent;  // all inputs are 0
};

// One member as the time loop reads it. `apart`: the readout (or the loss on units) reads phi_out(x), which is not the phi(x) of the
// recurrence and is saved apart.
template <class T>
struct Network {
  int units, steps, inputs;
  int readouts;  // reductions of a readout matrix; 0 when the outputs are the units
  Ranks ranks;
  int reductions, drives;
  int preactivations;  // of a unit, each with drives, inputs and a bias
  int late;            // reductions of gated states, behind the others in a step; mostly 0
  Form form;
  Activation<T> phi, phi_out;
  bool apart;
  T leak, alpha, sigma, input_sigma;
  bool own_leak;  // of each unit, from the arrays below; leak and alpha are 1 then
  const T *unit_leak, *unit_alpha, *unit_cubic;  // [unit]: 1 - alpha, alpha, alpha gamma
  bool rectified_inputs;
  Loss loss;
  T twice;  // 2 / sum of the mask
  std::uint32_t seed, member, epoch;
  const T* gather;       // [unit][reductions + readouts], without the readouts when apart
  const T* readout;      // [unit][readouts] when apart
  const T* gather_late;  // [unit][late]
  const T* drive;        // [pre-activation][unit][drives + inputs]; alpha is folded in (rate form)
  const T* bias;         // [pre-activation][unit]; alpha is folded in (rate form)
  const T* b_out;        // [readouts]
  const T* product;      // packed weights of the product stage
  bool linear;           // generated rows: are linear ones behind the pairs?
  std::size_t product_gradient;  // numbers of their gradient; 0 where they are fixed

  bool folded() const { return form == Form::rate && !own_leak; }  // alpha, into the weights
  int gathered() const { return apart ? reductions : reductions + readouts; }
  int channels() const { return reductions + readouts; }
  int driven() const { return drives + inputs; }
};

// Packed weights, and their gradient: gather, readout, gather_late, drive, bias, b_out, one after the other.
struct PackedSize {
  std::size_t gather, readout, late, drive, bias, b_out;
  std::size_t total() const { return gather + readout + late + drive + bias + b_out; }
};

template <class T>
PackedSize packed_size(const Network<T>& net) {
  const std::size_t units = static_cast<std::size_t>(net.units),
                    readouts = static_cast<std::size_t>(net.readouts),
                    driven = units * static_cast<std::size_t>(net.preactivations);
  return {units * static_cast<std::size_t>(net.gathered()),
          net.apart ? units * readouts : 0,
          units * static_cast<std::size_t>(net.late),
          driven * static_cast<std::size_t>(net.driven()),
          driven,
          readouts};
}

// Where the parts of the packed weights are, or of `lanes` times as many numbers.
template <class T>
struct PackedPlaces {
  T *gather, *readout, *late, *drive, *bias, *b_out, *end;

  PackedPlaces(const PackedSize& size, T* at, std::size_t lanes = 1) : gather(at) {
    readout = gather + size.gather * lanes;
    late = readout + size.readout * lanes;
    drive = late + size.late * lanes;
    bias = drive + size.drive * lanes;
    b_out = bias + size.bias * lanes;
    end = b_out + size.b_out * lanes;
  }
};

// Numbers of a product stage: packed weights of one member, or of all; their gradient (behind that of the channels); memory of one
// thread.
struct ProductSize {
  std::size_t weights = 0, shared = 0, gradient = 0, memory = 0;
  std::size_t rows = 0;  // of pairs, between the parameters and the weights
  bool exists() const { return weights + shared > 0; }
};

// Memory of one thread for one tile; [32] at the end of every shape.
template <class T>
struct Workspace {
  T* x;        // [unit]
  T* carrier;  // [time + 1][unit]: phi(x) in rate form, x in voltage form
  T* response;  // [time][pre-activation][unit]: phi(h), in voltage form; what an own leak adds to x, in rate form
  T* before;   // [time][unit]: x before the step, with an own leak
  T* apart;    // [time][unit]: phi_out(x), when apart
  T* c;        // [time + 1][reductions + readouts]: overlaps, then outputs
  T* s;        // [time][pre-activation][drives + inputs]
  T* noise;    // [unit or input rounded up to 4]
  T* lambda;   // [unit]: adjoint of x
  T* e;        // [chunk][pre-activation][unit]: adjoint of what the drives add to
  T* dc;       // [chunk + 1][reductions + readouts]
  T* ds;       // [drives]
  T* late;     // [chunk][unit]: gated states, where there are late reductions
  T* d_late;   // [chunk][late]
  T* error;    // [unit]: adjoint of the outputs, where these are the units
  T* partial;  // [unit]: sums over some blocks of channels
  T* pull;     // [unit]: adjoint of the carrier through the product stage
  T* product;  // memory of the product stage
  T* sums;     // lane sums of the packed gradient
};

inline constexpr int chunk_steps = 16;  // steps between two updates of the gradient's sums

template <class T>
struct Rollout {
  // `states` is [time][unit][32] or null.
  void (*forward)(const Network<T>&, const TileData<T>&, const Workspace<T>&, T* states);
  // After forward on the same workspace: the sum of this tile's weighted losses, alone or with the packed gradient.
  double (*loss)(const Network<T>&, const TileData<T>&, const Workspace<T>&);
  double (*backward)(const Network<T>&, const TileData<T>&, const Workspace<T>&, T* gradient);
};

struct InstructionSet {
  const char* name;
  const Rollout<float>* rollouts_float;  // one per model, in the order of equations/models.hpp
  const Rollout<double>* rollouts_double;
  const Rollout<float>*
      bulk_float;  // the same with a fixed matrix beside the channels; low-rank models only
  const Rollout<double>* bulk_double;
  std::size_t lane_bytes;  // of one vector
  double (*fma_operations)(
      long repeats);  // runs 12 x repeats independent vector fma; returns the FLOP done
  void (*normals)(std::uint32_t seed, std::uint32_t member, std::uint32_t epoch, std::uint32_t step,
                  int first_trial, int units, float* rows_float,
                  double* rows_double);  // rows [unit rounded up to 4][32], either may be null
};

}  // namespace tbrnn
