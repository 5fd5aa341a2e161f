#include "bindings/data_views.hpp"

#include <algorithm>

namespace tbrnn {

template <class T>
DataViews::DataViews(const std::vector<std::shared_ptr<const Dataset<T>>>& data,
                     const std::vector<std::shared_ptr<const Dataset<T>>>& validation) {
  for (const auto& set : data) set_of_.push_back(index(set, view_of(*set)));
  for (std::size_t m = 0; m < data.size(); ++m)
    validation_of_.push_back(validation.empty() ? -1
                                                : index(validation[m], view_of(*validation[m])));
}
template DataViews::DataViews(const std::vector<std::shared_ptr<const Dataset<float>>>&,
                              const std::vector<std::shared_ptr<const Dataset<float>>>&);
template DataViews::DataViews(const std::vector<std::shared_ptr<const Dataset<double>>>&,
                              const std::vector<std::shared_ptr<const Dataset<double>>>&);

int DataViews::index(const std::shared_ptr<const void>& data, const plugin::Trials& view) {
  const auto found = std::find(kept_.begin(), kept_.end(), data);
  const auto place = static_cast<int>(found - kept_.begin());
  if (found == kept_.end()) {
    kept_.push_back(data);
    sets_.push_back(view);
  }
  return place;
}

plugin::Members DataViews::of(const std::vector<int>& members) {
  set_chosen_.clear();
  validation_chosen_.clear();
  for (const int member : members) {
    set_chosen_.push_back(set_of_[static_cast<std::size_t>(member)]);
    validation_chosen_.push_back(validation_of_[static_cast<std::size_t>(member)]);
  }
  return {.count = static_cast<std::int32_t>(members.size()),
          .set_count = static_cast<std::int32_t>(sets_.size()),
          .sets = sets_.data(),
          .set_of = set_chosen_.data(),
          .validation_of = validation_chosen_.data()};
}

}  // namespace tbrnn
