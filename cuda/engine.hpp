// What the CUDA engine does, in the words of the CPU engine; no device code.
#pragma once

#include <memory>
#include <vector>

#include "core/dataset.hpp"
#include "core/noise_source.hpp"
#include "core/spec.hpp"
#include "course.hpp"

namespace tbrnn::cuda {

template <class T>
struct Cohort {  // members of one Spec and what each of them reads
  Spec spec;
  int members;
  const T* parameters;  // (member, block)
  std::vector<const Dataset<T>*> data;
  std::vector<NoiseSource> noise;
  bool split = false;  // products of float32, on tensor cores; see split.cuh
};

// loss (member), gradient (member, block)
template <class T>
void gradient(const Cohort<T>&, Match, double* loss, T* gradient, Loss = Loss::squared);

// The name of the kernel that serves a network, or why none does.
template <class T>
const char* kernel_of(const Spec&, Match, Loss = Loss::squared, bool noisy_inputs = false,
                      bool split = false);

template <class T>
struct States {  // what a training remembers, on the host: see plugin::States
  T *parameters, *before, *best, *m, *v;
  long* steps;
  T* kept;
  long* kept_steps;
};

// Members that are trained together: their weights stay on the device, and each launch trains all that still learn.
template <class T>
class Trainer {
 public:
  struct Member {
    const T* parameters;
    const Dataset<T>* data;
    const Dataset<T>* validation;  // or null
    Course course;
  };
  Trainer(const Spec&, Match, const std::vector<Member>&, Loss = Loss::squared, bool split = false);
  ~Trainer();

  // Epochs of every running member, in one launch; each stops at a multiple of rest_every. True while members are unfinished.
  bool run(long epochs, long rest_every = 0);

  struct Result {
    Progress progress;
    std::vector<T> best, last;
    std::vector<double> history;  // [entry][record_width]
  };
  Result result(int member) const;

  // All members at once: where an earlier training stood, and where this one stands.
  void write(const std::vector<Progress>&, const States<T>&);
  void read(const States<T>&) const;
  const Progress& progress(int member) const;
  std::vector<double>& history(int member);  // what was recorded; may be taken away

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tbrnn::cuda
