#include "cpu/learner.hpp"

#include <cmath>
#include <type_traits>

#include "cpu/instruction_set.hpp"
#include "equations/adam.hpp"

namespace tbrnn {

template <class T>
MemberLearner<T>::MemberLearner(std::shared_ptr<const Plan<T>> plan,
                                std::shared_ptr<const Dataset<T>> data, const Course& course,
                                const T* parameters)
    : plan_(std::move(plan)),
      data_(std::move(data)),
      course_(course),
      parameters_(parameters, parameters + plan_->parameters),
      before_(parameters_),
      best_(parameters_),
      gradient_(parameters_.size()),
      m_(parameters_.size()),
      v_(parameters_.size()),
      packed_(*plan_),
      tile_loss_(static_cast<std::size_t>(data_->tiles())),
      tile_gradient_(tile_loss_.size() * plan_->packed.total()) {
  packed_.pack(parameters_.data());
}

template <class T>
void MemberLearner<T>::run_tiles(int thread, int team, ThreadMemory& memory) {
  const InstructionSet& isa = instruction_set();
  const Rollout<T>& run = rollout<T>(isa, plan_->model);
  auto& mine = [&]() -> auto& {
    if constexpr (std::is_same_v<T, float>)
      return memory.single;
    else
      return memory.real;
  }
  ();
  const Workspace<T> work = mine.fit(*plan_, isa.lane_bytes);
  const NoiseSource noise{course_.key, course_.sigma,
                          static_cast<std::uint32_t>(progress_.updates)};
  const Network<T> net = packed_.network(noise, data_->mask_sum());
  const bool last = progress_.updates == course_.epochs;  // only its loss is wanted
  for (int tile = thread; tile < data_->tiles(); tile += team) {
    const TileData<T> rows = tile_data(*data_, tile);
    const std::size_t i = static_cast<std::size_t>(tile);
    run.forward(net, rows, work, nullptr);
    tile_loss_[i] =
        last ? run.loss(net, rows, work)
             : run.backward(net, rows, work, tile_gradient_.data() + i * plan_->packed.total());
  }
}

template <class T>
void MemberLearner<T>::finish_epoch() {
  judge(epoch_loss());
  if (running()) update();
}

template <class T>
double MemberLearner<T>::epoch_loss() const {
  double sum = 0;
  for (double loss : tile_loss_) sum += loss;
  return sum / data_->mask_sum();
}

template <class T>
void MemberLearner<T>::judge(double loss) {
  Progress& at = progress_;
  const long epoch = at.updates - 1;  // whose update made these weights
  if (!std::isfinite(loss)) {
    at.status = Status::diverged;
    parameters_ = before_;
    if (at.best_epoch < 0) best_ = before_;
    return;
  }
  at.last_loss = loss;
  if (epoch >= 0) {
    if (loss < at.best_loss) {
      at.best_loss = loss;
      at.best_epoch = epoch;
      best_ = parameters_;
    }
    if (loss < course_.target_loss) {
      at.status = Status::converged;
    } else if (course_.stall_window > 0 && epoch % course_.stall_window == 0) {
      if (at.checked_loss - at.best_loss < course_.stall_improvement) at.status = Status::stalled;
      at.checked_loss = at.best_loss;
    }
    if (running() && at.updates == course_.epochs) at.status = Status::capped;
  }
  record(epoch, loss);
}

template <class T>
void MemberLearner<T>::record(long epoch, double loss) {
  if (course_.record_every == 0) return;
  if (epoch >= 0 && epoch % course_.record_every != 0 && running()) return;
  progress_.history.push_back(static_cast<double>(epoch));
  progress_.history.push_back(loss);
}

template <class T>
void MemberLearner<T>::update() {
  const std::size_t size = plan_->packed.total();
  T* sum = tile_gradient_.data();
  for (std::size_t tile = 1; tile < tile_loss_.size(); ++tile)
    for (std::size_t i = 0; i < size; ++i) sum[i] += sum[tile * size + i];
  packed_.unpack_gradient(parameters_.data(), sum, gradient_.data());
  before_ = parameters_;
  const double lr =
      linear_schedule(course_.lr_first, course_.lr_last, course_.lr_epochs, progress_.updates);
  const AdamStep step = adam_step(lr, ++progress_.updates);
  for (std::size_t i = 0; i < gradient_.size(); ++i)
    adam(step, gradient_[i], m_[i], v_[i], parameters_[i]);
  packed_.pack(parameters_.data());
}

template <class T>
void MemberLearner<T>::interrupt() {
  if (running()) progress_.status = Status::interrupted;
  if (progress_.best_epoch < 0) best_ = parameters_;
}

template class MemberLearner<float>;
template class MemberLearner<double>;

}  // namespace tbrnn
