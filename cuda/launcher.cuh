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

// How many crews work at a time, the teams of each, and the blocks of each of these.
struct Grid {
  int crews, teams, blocks;
  int all_teams() const { return crews * teams; }
  int all_blocks() const { return crews * teams * blocks; }
};

template <class T>
class Launcher {
 public:
  // `sets`: of each member its data set, and behind them, if there are any, of each its validation set or null.
  Launcher(const Spec& spec, const Shape<T>& shape, const std::vector<const Dataset<T>*>& sets,
           int members, int most_tickets = 0)
      : shape_(shape), kernel_(serving(spec, shape)), data_(sets), constants_(spec) {
    if (!kernel_.panels) shape_.product_pulls = 0;
    shape_.leaks = constants_.leaks();
    for (const int set : data_.order())
      if (set < members) order_.push_back(set);
    shape_.matrix = constants_.matrix();
    int crews = 0, teams = 0, blocks = 0, shared = 0;
    for (int running = 1; running <= std::min(members, 2 * places_); ++running) {
      const Grid grid = grid_of(running);
      teams = std::max(teams, grid.all_teams());
      blocks = std::max(blocks, grid.all_blocks());
      crews = std::max(crews, grid.crews);
      if (grid.teams > 1) shared = std::max(shared, grid.crews);
    }
    scratch_size_ = kernel_.scratch_size(shape_, data_.steps());
    scratch_ = dev::padded<T>(scratch_size_ * static_cast<std::size_t>(teams));
    most_tickets_ = most_tickets;
    tickets_ = dev::Memory<Ticket>(static_cast<std::size_t>(most_tickets) *
                                   static_cast<std::size_t>(blocks));
    part_gradients_ = dev::padded<T>(gradients_of(shared));
    losses_ = dev::Memory<double>(static_cast<std::size_t>(kernel_.halves * crews) *
                                  static_cast<std::size_t>(data_.most_trials()));
  }

  const std::vector<int>& order() const { return order_; }  // members that share data in a row

  // A crew works on one member after the other, in this order.
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
    const Grid grid = grid_of(task.turns);
    const std::vector<unsigned> none(static_cast<std::size_t>(grid.crews + grid.all_teams()));
    const dev::Memory<unsigned> arrivals = on_device(none.data(), none.size());
    task.sharing = {grid.crews,     grid.teams,          grid.blocks,
                    most_parts(),   data_.most_trials(), part_gradients_.data(),
                    losses_.data(), arrivals.data()};
    if (kernel_.cluster)
      dev::launch_clusters(kernel_.entry, grid.all_blocks(), kernel_.cluster, block_threads,
                           kernel_.shared_bytes, task);
    else if (grid.teams * grid.blocks > 1)
      dev::launch_together(kernel_.entry, grid.all_blocks(), block_threads, kernel_.shared_bytes,
                           task);
    else
      dev::launch(kernel_.entry, grid.crews, block_threads, kernel_.shared_bytes, task);
  }

 private:
  // Teams no more than there are parts, and a multiprocessor for each block, with a product stage half of one, or a place for each cluster.
  // Members that are many have a block each, two of them on a multiprocessor; those that need a team, one.
  Grid grid_of(int members) const {
    const int of_member = std::max(1, kernel_.resident * places_ / members),
              blocks = std::max(1, kernel_.cluster);
    if (of_member == 1) return {std::min(members, (kernel_.panels ? 1 : 2) * places_), 1, blocks};
    const bool fits = gradients_of(members) * sizeof(T) <= most_bytes;
    const int teams = fits ? std::min(most_parts(), of_member) : 1;
    return {members, teams, blocks * (kernel_.panels ? shared_out(of_member / teams) : 1)};
  }
  // The fewest blocks, or clusters, of which none has more panels than so many would have; or one for each fine panel.
  int shared_out(int blocks) const {
    if (kernel_.fine_panels && blocks >= kernel_.fine_panels) return kernel_.fine_panels;
    const int of_block = (kernel_.panels + blocks - 1) / blocks;
    return (kernel_.panels + of_block - 1) / of_block;
  }
  int most_parts() const { return kernel_.parts(data_.most_trials()); }
  std::size_t gradients_of(int crews) const {
    return static_cast<std::size_t>(kernel_.halves * crews * most_parts()) *
           Packed<T>::gradient_size(shape_);
  }
  static constexpr std::size_t most_bytes = std::size_t{1} << 30;  // of the gradients of parts
  static Kernel<T> serving(const Spec& spec, const Shape<T>& shape) {
    const Kernel<T> kernel = choose(spec.model, shape);
    if (kernel.refused(shape)) throw std::invalid_argument(kernel.refused(shape));
    return kernel;
  }

  Shape<T> shape_;
  Kernel<T> kernel_;
  DeviceData<T> data_;
  Constants<T> constants_;
  std::vector<int> order_;
  int places_ = kernel_.cluster ? dev::active_clusters(kernel_.entry, kernel_.cluster,
                                                       block_threads, kernel_.shared_bytes)
                                : dev::multiprocessors();  // that blocks, or clusters, work at
  int most_tickets_;
  std::size_t scratch_size_;  // of a team
  dev::Memory<T> scratch_;
  dev::Memory<Ticket> tickets_;
  dev::Memory<T> part_gradients_;
  dev::Memory<double> losses_;
};

}  // namespace tbrnn::cuda
