#include "cpu/learner.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <type_traits>

#include "cpu/instruction_set.hpp"

namespace tbrnn {

namespace {

template <class T>
PassMemory<T>& of(ThreadMemory& memory) {
  if constexpr (std::is_same_v<T, float>)
    return memory.single;
  else
    return memory.real;
}

}  // namespace

template <class T>
MemberLearner<T>::MemberLearner(std::shared_ptr<const Plan<T>> plan,
                                std::shared_ptr<const Dataset<T>> data, const Course& course,
                                const T* parameters, const Start<T>& start)
    : plan_(std::move(plan)),
      data_(std::move(data)),
      validation_(start.validation),
      course_(course),
      parameters_(parameters, parameters + plan_->parameters),
      before_(parameters_),
      best_(parameters_),
      gradient_(parameters_.size()),
      optimizer_(plan_->fields, course.trained, plan_->spec.bounds),
      rewind_(course.guard_back, parameters_.size(), plan_->fields.size()),
      packed_(*plan_),
      rows_(plan_->product.rows),
      batches_(course.batch, data_->trials()) {
  if (start.steps) {
    std::copy_n(start.m, parameters_.size(), optimizer_.m.begin());
    std::copy_n(start.v, parameters_.size(), optimizer_.v.begin());
    std::copy_n(start.steps, plan_->fields.size(), optimizer_.steps.begin());
  }
  const int most_tiles = std::max(data_->tiles(), validation_ ? validation_->tiles() : 0);
  tile_loss_.resize(static_cast<std::size_t>(most_tiles));
  pass_ = first_look();
  resume();
}

template <class T>
Pass MemberLearner<T>::first_look() const {
  return stopping::first_look<Pass>(progress_, course_, batches_.whole(), validation_ != nullptr);
}

template <class T>
Pass MemberLearner<T>::after_validation() const {
  return stopping::after_validation<Pass>(progress_, course_, batches_.whole());
}

template <class T>
void MemberLearner<T>::enter(Pass pass) {
  pass_ = pass;
  if (pass == Pass::train) batches_.shuffle(course_.key, progress_.epochs);
}

template <class T>
int MemberLearner<T>::pass_tiles() const {
  if (pass_ == Pass::train) return batches_.tiles();
  return pass_ == Pass::validate ? validation_->tiles() : data_->tiles();
}

template <class T>
double MemberLearner<T>::pass_mask_sum() const {
  if (pass_ == Pass::train) return batches_.mask_sum(*data_);
  return pass_ == Pass::validate ? validation_->mask_sum() : data_->mask_sum();
}

template <class T>
TileData<T> MemberLearner<T>::pass_rows(int tile, PassMemory<T>& memory) const {
  if (pass_ == Pass::train && !batches_.whole()) {
    const int first = batches_.first() + tile * tile_trials;
    return memory.tile.gather(*data_, batches_.order(), first,
                              std::min(first + tile_trials, batches_.end()));
  }
  TileData<T> rows = tile_data(pass_ == Pass::validate ? *validation_ : *data_, tile);
  if (pass_ == Pass::validate) rows.first_trial += data_->trials();  // noise of its own
  return rows;
}

template <class T>
void MemberLearner<T>::share() {
  shared_.resize(TileGradients<T>::numbers(plan_->gradient(), batches_.most_tiles(), false));
}

template <class T>
TileGradients<T> MemberLearner<T>::tile_gradients(bool alone, PassMemory<T>& memory) {
  const std::size_t size = plan_->gradient();
  if (!alone) return {shared_.data(), size, alone};
  const std::size_t numbers = TileGradients<T>::numbers(size, batches_.most_tiles(), alone);
  if (memory.gradients.size() < numbers) memory.gradients.resize(numbers);
  return {memory.gradients.data(), size, alone};
}

template <class T>
void MemberLearner<T>::run_tiles(int thread, int team, ThreadMemory& thread_memory,
                                 const Stop& stop) {
  const InstructionSet& isa = instruction_set();
  const Rollout<T>& run = plan_->rollout(isa);
  PassMemory<T>& memory = of<T>(thread_memory);
  const int steps = (pass_ == Pass::validate ? validation_ : data_)->steps();
  const Workspace<T> work = memory.work.fit(*plan_, steps, isa.lane_bytes);
  const NoiseSource noise{course_.key, course_.sigma, static_cast<std::uint32_t>(progress_.epochs),
                          course_.input_sigma};
  Network<T> net = packed_.network(noise, pass_mask_sum());
  net.steps = steps;
  const bool learns = pass_ == Pass::train;
  const int tiles = pass_tiles();
  const TileGradients<T> gradients = tile_gradients(team == 1, memory);
  if (thread == 0) gradients_ = gradients;
  for (int tile = thread; tile < tiles && !stop; tile += team) {
    const TileData<T> rows = pass_rows(tile, memory);
    double& loss = tile_loss_[static_cast<std::size_t>(tile)];
    run.forward(net, rows, work, nullptr);
    if (!learns) {
      loss = run.loss(net, rows, work);
      continue;
    }
    loss = run.backward(net, rows, work, gradients.of(tile));
    gradients.done(tile);
  }
}

template <class T>
double MemberLearner<T>::pass_loss() const {
  double sum = 0;
  for (int tile = 0; tile < pass_tiles(); ++tile) sum += tile_loss_[static_cast<std::size_t>(tile)];
  return sum / pass_mask_sum();
}

template <class T>
void MemberLearner<T>::finish_pass() {
  make_room();
  if (pass_ == Pass::train && pass_mask_sum() == 0) return finish_batch();  // nothing to compare
  const double loss = pass_loss();
  if (pass_ == Pass::train) return finish_step(loss);
  if (!std::isfinite(loss)) return recover();
  if (pass_ == Pass::validate) {
    progress_.validation = loss;
    enter(after_validation());
  } else {
    judge(loss);
    if (running()) enter(Pass::train);
  }
}

template <class T>
void MemberLearner<T>::make_room() {
  progress_.make_room();
  if (pass_ != Pass::train || batches_.last()) batches_.make_room();
}

template <class T>
void MemberLearner<T>::finish_step(double loss) {
  const double norm = collect_gradient();
  stopping::set_limit(progress_, course_, loss);
  const bool undo = must_undo(loss, norm);
  if (undo) recover();
  if (batches_.whole() && running()) {
    if (!undo && progress_.due(course_))
      judge(loss);
    else
      progress_.record(course_, loss);
  }
  if (!running()) return;
  if (!undo) update(norm);
  finish_batch();
}

template <class T>
void MemberLearner<T>::finish_batch() {
  if (batches_.advance()) return;
  ++progress_.epochs;
  if (progress_.due(course_)) return enter(first_look());
  if (!batches_.whole()) progress_.record(course_, unknown);
  enter(Pass::train);
}

template <class T>
void MemberLearner<T>::judge(double loss) {
  if (progress_.judge(course_, loss)) best_ = parameters_;
}

template <class T>
double MemberLearner<T>::collect_gradient() {
  packed_.unpack_gradient(parameters_.data(), gradients_.total(pass_tiles()), gradient_.data());
  const bool asked = course_.clip > 0 || course_.guard_back > 0 || course_.record_every > 0;
  return asked ? optimizer_.gradient_norm(gradient_) : unknown;
}

template <class T>
void MemberLearner<T>::update(double norm) {
  progress_.gradient_norm = norm;
  if (course_.clip > 0) optimizer_.clip(norm, course_.clip, gradient_);
  rewind_.keep(parameters_, optimizer_);
  before_ = parameters_;
  progress_.lr = progress_.factor * learning_rate(course_.schedule(), progress_.epochs);
  stopping::takes_a_step(progress_, course_);
  optimizer_.step(progress_.lr, course_.decay, gradient_, parameters_);
  pack();
}

template <class T>
bool MemberLearner<T>::must_undo(double loss, double norm) const {
  return stopping::must_undo(progress_, loss, norm, !rewind_.empty());
}

template <class T>
void MemberLearner<T>::recover() {
  if (rewind_.empty() || progress_.rollbacks == course_.guard_most) {
    progress_.status = Status::diverged;
    parameters_ = before_;
    if (progress_.best_epoch < 0) best_ = before_;
    return;
  }
  rewind_.go_back(parameters_, optimizer_);
  before_ = parameters_;
  pack();
  stopping::goes_back(progress_, course_);
  if (pass_ != Pass::train) enter(first_look());
}

template <class T>
void MemberLearner<T>::interrupt() {
  if (running()) progress_.status = Status::interrupted;
  if (progress_.best_epoch < 0) best_ = parameters_;
}

template <class T>
void MemberLearner<T>::state(Archive& archive) {
  progress_.state(archive);
  archive.array("parameters", parameters_);
  archive.array("before", before_);
  archive.array("best", best_);
  optimizer_.state(archive);
  rewind_.state(archive);
  archive.choice("pass", pass_, pass_names);
  batches_.state(archive);
}

template <class T>
void MemberLearner<T>::resume() {
  const bool known =
      progress_.epochs >= 0 && progress_.epochs <= course_.epochs && progress_.rollbacks >= 0;
  if (!known || !rewind_.within() || !batches_.within())
    throw std::invalid_argument("state must be that of a training of these settings");
  if (progress_.status == Status::interrupted) progress_.status = Status::running;
  pack();
  batches_.shuffle(course_.key, progress_.epochs);
}

template class MemberLearner<float>;
template class MemberLearner<double>;

}  // namespace tbrnn
