// The training of one member, pass by pass over its trials: a step forward and backward on a batch, a look at the loss of all trials,
// a look at the validation set. In full batch the loss after the update of epoch e is the forward pass of epoch e + 1, so that it
// costs nothing of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cpu/batches.hpp"
#include "cpu/member.hpp"
#include "cpu/optimizer.hpp"
#include "cpu/progress.hpp"
#include "cpu/rewind.hpp"
#include "cpu/threads.hpp"
#include "cpu/tile_gradients.hpp"
#include "cpu/work_memory.hpp"

namespace tbrnn {

template <class T>
struct PassMemory {
  WorkMemory<T> work;
  TileMemory<T> tile;
  std::vector<T> gradients;
};

struct ThreadMemory {
  PassMemory<float> single;
  PassMemory<double> real;
};

class Learner {
 public:
  virtual ~Learner() = default;
  virtual int tiles() const = 0;  // of the longest pass
  virtual const void* data() const = 0;
  // One pass: each of `team` threads runs its tiles, then the first of them finishes the pass. What was stopped between has not been.
  virtual void run_tiles(int thread, int team, ThreadMemory&, const Stop&) = 0;
  virtual void finish_pass() = 0;
  virtual void share() = 0;  // before a team of several runs
  virtual void interrupt() = 0;
  virtual void state(Archive&) = 0;  // between passes: everything that is not an argument
  virtual void resume() = 0;         // after the archive has been read

  bool running() const { return progress_.running(); }
  bool rests(long every) const { return progress_.rests(every); }
  void note(const std::vector<double>& values) { progress_.note(values); }
  const Progress& progress() const { return progress_; }

 protected:
  Progress progress_;
};

// What a training may be given beside its weights.
template <class T>
struct Start {
  std::shared_ptr<const Dataset<T>> validation = nullptr;
  const T *m = nullptr, *v = nullptr;   // moments and counts of an earlier training
  const std::int64_t* steps = nullptr;  // [field]
};

using plugin::Pass;
inline constexpr const char* pass_names[] = {"train", "evaluate", "validate"};

template <class T>
class MemberLearner final : public Learner {
 public:
  MemberLearner(std::shared_ptr<const Plan<T>>, std::shared_ptr<const Dataset<T>>, const Course&,
                const T* parameters, const Start<T>& = {});
  int tiles() const override { return static_cast<int>(tile_loss_.size()); }
  const void* data() const override { return data_.get(); }
  void run_tiles(int thread, int team, ThreadMemory&, const Stop&) override;
  void finish_pass() override;
  void share() override;
  void interrupt() override;
  void state(Archive&) override;
  void resume() override;
  const std::vector<T>& best() const { return best_; }
  const std::vector<T>& last() const { return parameters_; }
  const Optimizer<T>& optimizer() const { return optimizer_; }

 private:
  int pass_tiles() const;
  double pass_mask_sum() const;
  double pass_loss() const;
  TileData<T> pass_rows(int tile, PassMemory<T>&) const;
  TileGradients<T> tile_gradients(bool alone, PassMemory<T>&);
  Pass first_look() const;  // at the losses of the present weights
  Pass after_validation() const;
  void enter(Pass);
  void make_room();  // all memory that finishing a pass takes: it is finished, or has not been
  void finish_step(double loss);
  void finish_batch();
  void judge(double loss);
  double collect_gradient();  // returns its norm where somebody asks for it
  void update(double norm);
  void pack() { packed_.pack(parameters_.data(), rows_.data()); }
  bool must_undo(double loss, double norm) const;
  void recover();  // with a guard some steps back, else the end

  std::shared_ptr<const Plan<T>> plan_;
  std::shared_ptr<const Dataset<T>> data_, validation_;
  Course course_;
  std::vector<T> parameters_, before_, best_, gradient_;  // before_: one update ago
  Optimizer<T> optimizer_;
  Rewind<T> rewind_;
  PackedMember<T> packed_;
  Buffer<T> rows_;  // for packing
  Batches batches_;
  Pass pass_ = Pass::train;
  std::vector<double> tile_loss_;
  std::vector<T> shared_;       // gradients of the tiles that a team shares
  TileGradients<T> gradients_;  // of this pass, there or in the memory of its thread
};

}  // namespace tbrnn
