// The data sets of members as an engine on a device sees them, each once.
#pragma once

#include <memory>
#include <vector>

#include "core/plugin_views.hpp"

namespace tbrnn {

class DataViews {
 public:
  template <class T>
  DataViews(const std::vector<std::shared_ptr<const Dataset<T>>>& data,
            const std::vector<std::shared_ptr<const Dataset<T>>>& validation);  // or empty
  plugin::Members of(const std::vector<int>& members);  // valid until the next call

 private:
  int index(const std::shared_ptr<const void>&, const plugin::Trials&);
  std::vector<std::shared_ptr<const void>> kept_;
  std::vector<plugin::Trials> sets_;
  std::vector<std::int32_t> set_of_, validation_of_;  // [member]
  std::vector<std::int32_t> set_chosen_, validation_chosen_;
};

}  // namespace tbrnn
