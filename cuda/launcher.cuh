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
    most_blocks_ = std::min(members, 2 * multiprocessors_);
    for (int running = 1; running <= members && shared_by(running) > 1; ++running) {
      most_crews_ = running;
      most_blocks_ = std::max(most_blocks_, running * shared_by(running));
    }
    scratch_size_ = Scratch<T>::size(shape, data_.steps(), kernel_.trials);
    scratch_ = dev::Memory<T>(scratch_size_ * static_cast<std::size_t>(most_blocks_));
    most_tickets_ = most_tickets;
    tickets_ = dev::Memory<Ticket>(static_cast<std::size_t>(most_tickets * most_blocks_));
    const std::size_t tiles = static_cast<std::size_t>(most_crews_ * data_.tiles());
    tile_gradients_ = dev::Memory<T>(tiles * Packed<T>::size(shape));
    tile_losses_ = dev::Memory<double>(tiles);
  }

  const std::vector<int>& order() const { return order_; }  // members that share data in a row

  // A block works on one member after the other, in this order; where these are few, several blocks.
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
    const int blocks = shared_by(task.turns);
    const std::vector<unsigned> none(static_cast<std::size_t>(most_crews_));
    const dev::Memory<unsigned> arrivals = on_device(none.data(), none.size());
    task.sharing = {blocks, data_.tiles(), tile_gradients_.data(), tile_losses_.data(),
                    arrivals.data()};
    if (blocks > 1)
      dev::launch_together(kernel_.entry, task.turns * blocks, block_threads, kernel_.shared_bytes,
                           task);
    else
      dev::launch(kernel_.entry, std::min(task.turns, most_blocks_), block_threads,
                  kernel_.shared_bytes, task);
  }

 private:
  // Blocks that work on each of so many members: no more than there are tiles, and a multiprocessor for each.
  int shared_by(int members) const {
    if (!kernel_.shares) return 1;
    return std::max(1, std::min(data_.tiles(), multiprocessors_ / members));
  }
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
  int multiprocessors_ = dev::multiprocessors();
  int most_blocks_, most_crews_ = 0;  // crews: see sharing.cuh
  int most_tickets_;
  std::size_t scratch_size_;  // of a block
  dev::Memory<T> scratch_;
  dev::Memory<Ticket> tickets_;
  dev::Memory<T> tile_gradients_;
  dev::Memory<double> tile_losses_;
};

}  // namespace tbrnn::cuda
