// The training of learners on a device: their states go there, and come back when somebody looks. A cohort that does not fit the device's
// memory is trained in parts, one after the other, to the same bits.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "bindings/data_views.hpp"
#include "bindings/register.hpp"
#include "core/plugin_library.hpp"
#include "cpu/trainer.hpp"

namespace tbrnn {

struct DeviceCohort {
  Spec spec;
  Match match;
  Loss loss;
  bool real, split;  // float64; products of float32 on tensor cores
  int first;         // of the trainer's learners
  DataViews data;
  std::vector<Course> courses;
};

class DeviceTraining {
 public:
  DeviceTraining(const plugin::Table& table, Trainer& host) : table_(table), host_(host) {}

  void add(DeviceCohort);  // its learners are the host's
  // As Trainer::run; here all members of a cohort wait for one that rests.
  bool run(double seconds, long rest_every);
  void fetch();  // the states of the members that are on the device

 private:
  class Part;  // on the device
  struct Job {
    std::shared_ptr<DeviceCohort> cohort;
    std::vector<int> members;
  };
  void start();
  void split(const OutOfMemory&, Job);
  void launch(long rest_every);

  const plugin::Table& table_;
  Trainer& host_;
  std::deque<Job> jobs_;
  std::shared_ptr<Part> part_;
  bool fetched_ = true;
  long epochs_ = 1;  // of the next launch
};

}  // namespace tbrnn
