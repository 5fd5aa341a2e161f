#include "cpu/optimizer.hpp"

#include <cmath>
#include <limits>

#include "equations/adam.hpp"
#include "equations/bounds.hpp"
#include "equations/clip.hpp"

namespace tbrnn {

template <class T>
Optimizer<T>::Optimizer(const std::vector<Field>& fields, const std::vector<bool>& trained,
                        const std::vector<Bound>& bounds)
    : m(fields.back().offset + fields.back().size), v(m.size()), steps(fields.size()) {
  constexpr double none = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!trained.empty() && !trained[i]) continue;
    trained_.push_back({i, fields[i].offset, fields[i].offset + fields[i].size, -none, none});
    for (const Bound& bound : bounds)
      if (bound.field == fields[i].name)
        trained_.back().low = bound.low, trained_.back().high = bound.high;
  }
}

template <class T>
double Optimizer<T>::gradient_norm(const std::vector<T>& gradient) const {
  double sum = 0;
  for (const Slot& slot : trained_)
    sum += sum_of_squares(gradient.data() + slot.begin, slot.end - slot.begin);
  return std::sqrt(sum);
}

template <class T>
void Optimizer<T>::clip(double norm, double most, std::vector<T>& gradient) const {
  const T factor = static_cast<T>(clip_factor(norm, most));
  for (T& g : gradient) g *= factor;
}

template <class T>
void Optimizer<T>::step(double lr, double decay, const std::vector<T>& gradient,
                        std::vector<T>& p) {
  AdamStep step{};
  long count = 0;  // arrays that have taken equally many steps share the constants
  for (const Slot& slot : trained_) {
    if (++steps[slot.field] != count) step = adam_step(lr, count = steps[slot.field]);
    if (decay != 0)
      for (std::size_t i = slot.begin; i < slot.end; ++i) shrink(lr, decay, p[i]);
    for (std::size_t i = slot.begin; i < slot.end; ++i) adam(step, gradient[i], m[i], v[i], p[i]);
    if (slot.bounded()) bound(slot.low, slot.high, p.data() + slot.begin, slot.end - slot.begin);
  }
}

template <class T>
void Optimizer<T>::state(Archive& archive) {
  archive.array("m", m);
  archive.array("v", v);
  archive.array("steps", steps);
}

template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace tbrnn
