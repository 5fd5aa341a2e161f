// What a launch needs whatever it is for: the sizes and the kernel of a cohort, what its members read, and memory for the blocks.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "choose.cuh"
#include "member.cuh"
#include "shape.hpp"
#include "upload.cuh"

namespace tbrnn::cuda {

template <class T>
class Launcher {
 public:
  // `sets`: of each member its data set, and behind them, if there are any, of each its validation set or null.
  Launcher(const Spec& spec, const Shape<T>& shape, const std::vector<const Dataset<T>*>& sets,
           int members, int most_tickets = 0)
      : shape_(shape), kernel_(serving(spec, shape)), data_(sets), constants_(spec) {
    shape_.leaks = constants_.leaks();
    for (const int set : data_.order())
      if (set < members) order_.push_back(set);
    most_blocks_ = std::min(members, 2 * dev::multiprocessors());
    scratch_size_ = Scratch<T>::size(shape, data_.steps(), kernel_.trials);
    scratch_ = dev::Memory<T>(scratch_size_ * static_cast<std::size_t>(most_blocks_));
    most_tickets_ = most_tickets;
    tickets_ = dev::Memory<Ticket>(static_cast<std::size_t>(most_tickets * most_blocks_));
  }

  const std::vector<int>& order() const { return order_; }  // members that share data in a row

  // A block works on one member after the other, in this order.
  void launch(TrainingTask<T> task, const std::vector<int>& members) const {
    const dev::Memory<int> order = on_device(members.data(), members.size());
    task.shape = shape_;
    task.turns = static_cast<int>(members.size());
    task.order = order.data();
    task.steps = data_.steps();
    task.data = data_.trials();
    task.data_of = data_.of_member();
    task.validation_of = data_.of_member() + order_.size();
    task.mask = constants_.mask();
    task.scratch = scratch_.data();
    task.scratch_size = scratch_size_;
    task.tickets = tickets_.data();
    task.most_tickets = most_tickets_;
    dev::launch(kernel_.entry, std::min(task.turns, most_blocks_), block_threads,
                kernel_.shared_bytes, task);
  }

 private:
  static Kernel<T> serving(const Spec& spec, const Shape<T>& shape) {
    const Kernel<T> kernel = choose(spec.model, shape);
    if (kernel.refused()) throw std::invalid_argument(kernel.refused());
    return kernel;
  }

  Shape<T> shape_;
  Kernel<T> kernel_;
  DeviceData<T> data_;
  Constants<T> constants_;
  std::vector<int> order_;
  int most_blocks_, most_tickets_;
  std::size_t scratch_size_;  // of a block
  dev::Memory<T> scratch_;
  dev::Memory<Ticket> tickets_;
};

}  // namespace tbrnn::cuda
