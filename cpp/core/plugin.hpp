// What an engine in a library of its own is to the rest: one table of functions over plain C types, found under one name. The first two
// fields never move; a change to anything else here raises the version.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tbrnn::plugin {

inline constexpr std::uint32_t version = 4;
inline constexpr const char* symbol = "tbrnn_plugin";  // const Table* tbrnn_plugin()

enum class Fault : std::int32_t { none, argument, memory, device };

struct Failure {
  Fault fault;
  std::uint64_t bytes;  // of device memory that were asked for
  char message[480];
};

enum class Readiness : std::int32_t { ready, no_driver, old_driver, no_gpu, old_card, broken };

struct Device {
  Readiness readiness;
  std::int32_t major, minor;     // compute capability
  std::int32_t driver, runtime;  // CUDA versions, 1000 major + 10 minor
  std::uint64_t memory;          // bytes
  char name[128];
  char architectures[128];  // that the library was built for
  char message[256];        // of the driver
};

struct Activation {
  std::int32_t kind;
  double gain, shift, height, leak;
};

struct Mask {
  const char* field;
  const double* values;
  std::uint64_t size;
};

struct Bound {
  const char* field;
  double low, high;
};

struct Network {  // a Spec of core/spec.hpp; absent arrays are null
  const char* model;
  std::int32_t units, rank_two, rank_three, inputs, outputs, form, excitatory;
  Activation phi, phi_out;
  double alpha, cubic, scale_two, scale_three;
  std::int32_t input_bias, output_bias, identity_readout, gated, hard_orth, rectified_inputs,
      noisy_inputs;
  const double *alphas, *bulk;  // [unit], [unit][unit]
  const Mask* masks;
  const Bound* bounds;
  std::int32_t mask_count, bound_count, match, loss;  // the last two of core/spec.hpp
  std::int32_t real, split;  // float64; products of float32 on tensor cores, each by three of tf32
};

struct Trials {  // a Dataset of core/dataset.hpp, its rows as they are
  std::int32_t trials, steps, inputs, channels, mask_channels, units, silent;
  double mask_sum;
  const double* mask_sums;  // [trial]
  const void *input, *target, *mask, *weight, *initial;
};

struct Members {
  std::int32_t count, set_count;
  const Trials* sets;
  const std::int32_t *set_of, *validation_of;  // [member]; -1: none
};

struct Noise {  // [member]
  const std::uint64_t* keys;
  const double *sigmas, *input_sigmas;
  std::uint32_t epoch;
};

struct Course {  // of cpu/progress.hpp
  std::uint64_t key;
  double sigma, input_sigma;
  std::int32_t lr_ramp;
  std::uint32_t untrained;  // one bit for each array that takes no step
  double lr_first, lr_last, decay, clip, target_loss, stall_improvement, patience_improvement,
      guard_loss, guard_factor, guard_growth;
  std::int64_t lr_epochs, epochs, batch, evaluate_every, stall_window, patience_epochs, guard_back,
      guard_most, record_every;
};

enum class Status : std::int32_t { running, converged, stalled, capped, diverged, interrupted };
enum class Pass : std::int32_t { train, evaluate, validate, gradient };  // the last: no update

struct Progress {  // of cpu/progress.hpp
  Status status;
  Pass pass;
  std::int64_t epochs, best_epoch, checked_window, patience_epoch, batch, rollbacks, kept,
      kept_next;
  double best_loss, best_training_loss, last_loss, validation, checked_loss, patience_loss,
      gradient_norm, lr, factor, limit;
  std::int64_t records;  // that wait to be taken
};

struct States {  // what a training remembers: (member), (member, block), (member, field)
  Progress* progress;
  void *parameters, *before, *best, *m, *v;
  std::int64_t* steps;
  void* kept;                // (member, guard_back at most, 3, block)
  std::int64_t* kept_steps;  // (member, guard_back at most, field)
};

inline constexpr int record_width = 5;  // epoch, loss, validation, gradient norm, rate

struct Table {
  std::uint32_t version, size;  // of this struct
  void (*device)(Device*);
  std::int32_t (*kernel)(const Network*, char* name, std::uint64_t size);  // 0: none, and why
  void (*gradient)(const Network*, const Members*, const Noise*, const void* parameters,
                   double* loss, void* gradient, Failure*);
  void* (*train)(const Network*, const Members*, const Course*, const States*, Failure*);
  // 1 while members are unfinished; each stops where its epochs are a multiple of rest_every, if that is not 0
  std::int32_t (*run)(void*, std::int64_t epochs, std::int64_t rest_every, Failure*);
  void (*progress)(const void*, Progress*);  // (member)
  void (*take)(void*, std::int32_t member, double* records);
  void (*read)(const void*, const States*, Failure*);
  void (*end)(void*);
};

}  // namespace tbrnn::plugin
