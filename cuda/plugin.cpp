// The engine behind the table of core/plugin.hpp. No exception leaves it.
#include "core/plugin.hpp"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "core/plugin_views.hpp"
#include "device.hpp"
#include "engine.hpp"
#include "memory.hpp"

namespace tbrnn::cuda {

namespace {

void say(plugin::Failure* failure, plugin::Fault fault, const char* message,
         std::size_t bytes = 0) {
  failure->fault = fault;
  failure->bytes = bytes;
  std::snprintf(failure->message, sizeof(failure->message), "%s", message);
}

template <class Work>
void guarded(plugin::Failure* failure, Work work) {
  failure->fault = plugin::Fault::none;
  try {
    work();
  } catch (const dev::OutOfMemory& error) {
    say(failure, plugin::Fault::memory, error.what(), error.bytes);
  } catch (const std::invalid_argument& error) {
    say(failure, plugin::Fault::argument, error.what());
  } catch (const std::exception& error) {
    say(failure, plugin::Fault::device, error.what());
  }
}

template <class Use>
decltype(auto) with_number(const plugin::Network& network, Use use) {
  return network.real ? use(double{}) : use(float{});
}

Match match_of(const plugin::Network& network) { return static_cast<Match>(network.match); }
Loss loss_of(const plugin::Network& network) { return static_cast<Loss>(network.loss); }

template <class T>
struct DataSets {
  std::deque<Dataset<T>> sets;
  explicit DataSets(const plugin::Members& members) {
    for (int i = 0; i < members.set_count; ++i) sets.push_back(dataset_of<T>(members.sets[i]));
  }
  const Dataset<T>* at(int index) const {
    return index < 0 ? nullptr : &sets[static_cast<std::size_t>(index)];
  }
};

void device_of(plugin::Device* out) { *out = device(); }

std::int32_t kernel(const plugin::Network* network, char* name, std::uint64_t size) {
  const auto tell = [&](const char* text) { std::snprintf(name, size, "%s", text); };
  try {
    const Spec spec = spec_of(*network);
    const char* found = with_number(*network, [&](auto number) {
      return kernel_of<decltype(number)>(spec, match_of(*network), loss_of(*network),
                                         network->noisy_inputs != 0, network->split != 0);
    });
    tell(found);
    return std::string_view(found).substr(0, 4) != "none";
  } catch (const std::exception& error) {
    tell(error.what());
    return 0;
  }
}

template <class T>
void gradient_of(const plugin::Network& network, const plugin::Members& members,
                 const plugin::Noise& noise, const T* parameters, double* loss, T* out) {
  const DataSets<T> data(members);
  Cohort<T> cohort{spec_of(network), members.count, parameters, {}, {}, network.split != 0};
  for (int m = 0; m < members.count; ++m) {
    cohort.data.push_back(data.at(members.set_of[m]));
    cohort.noise.push_back({noise.keys[m], noise.sigmas[m], noise.epoch, noise.input_sigmas[m]});
  }
  gradient(cohort, match_of(network), loss, out, loss_of(network));
}

void gradient_entry(const plugin::Network* network, const plugin::Members* members,
                    const plugin::Noise* noise, const void* parameters, double* loss, void* out,
                    plugin::Failure* failure) {
  guarded(failure, [&] {
    with_number(*network, [&](auto number) {
      using T = decltype(number);
      gradient_of<T>(*network, *members, *noise, static_cast<const T*>(parameters), loss,
                     static_cast<T*>(out));
    });
  });
}

static_assert(sizeof(long) == sizeof(std::int64_t));

struct Training {
  virtual ~Training() = default;
  virtual bool run(long epochs, long rest_every) = 0;
  virtual void progress(plugin::Progress*) const = 0;
  virtual void take(int member, double* records) = 0;
  virtual void read(const plugin::States&) const = 0;
};

template <class T>
States<T> arrays_of(const plugin::States& s) {
  return {static_cast<T*>(s.parameters), static_cast<T*>(s.before),
          static_cast<T*>(s.best),       static_cast<T*>(s.m),
          static_cast<T*>(s.v),          reinterpret_cast<long*>(s.steps),
          static_cast<T*>(s.kept),       reinterpret_cast<long*>(s.kept_steps)};
}

template <class T>
class TrainingOf final : public Training {
 public:
  TrainingOf(const plugin::Network& network, const plugin::Members& members,
             const plugin::Course* courses, const plugin::States& states)
      : count_(members.count) {
    const DataSets<T> data(members);  // the trainer copies them to the device
    const Spec spec = spec_of(network);
    const auto* parameters = static_cast<const T*>(states.parameters);
    std::vector<typename Trainer<T>::Member> list;
    std::vector<Progress> progress;
    for (int m = 0; m < count_; ++m) {
      list.push_back({parameters + static_cast<std::size_t>(m) * block_size(spec),
                      data.at(members.set_of[m]), data.at(members.validation_of[m]), courses[m]});
      progress.push_back({states.progress[m]});
      progress.back().records = 0;
    }
    trainer_ = std::make_unique<Trainer<T>>(spec, match_of(network), list, loss_of(network),
                                            network.split != 0);
    trainer_->write(progress, arrays_of<T>(states));
  }

  bool run(long epochs, long rest_every) override { return trainer_->run(epochs, rest_every); }
  void progress(plugin::Progress* out) const override {
    for (int m = 0; m < count_; ++m) {
      out[m] = trainer_->progress(m);
      out[m].records = static_cast<std::int64_t>(trainer_->history(m).size() / record_width);
    }
  }
  void take(int member, double* records) override {
    std::vector<double>& history = trainer_->history(member);
    std::copy(history.begin(), history.end(), records);
    history.clear();
  }
  void read(const plugin::States& states) const override {
    progress(states.progress);
    trainer_->read(arrays_of<T>(states));
  }

 private:
  int count_;
  std::unique_ptr<Trainer<T>> trainer_;
};

void* train(const plugin::Network* network, const plugin::Members* members,
            const plugin::Course* courses, const plugin::States* states, plugin::Failure* failure) {
  Training* training = nullptr;
  guarded(failure, [&] {
    with_number(*network, [&](auto number) {
      training = new TrainingOf<decltype(number)>(*network, *members, courses, *states);
    });
  });
  return training;
}

std::int32_t run(void* training, std::int64_t epochs, std::int64_t rest_every,
                 plugin::Failure* failure) {
  bool unfinished = false;
  guarded(failure, [&] { unfinished = static_cast<Training*>(training)->run(epochs, rest_every); });
  return unfinished;
}

void progress(const void* training, plugin::Progress* out) {
  static_cast<const Training*>(training)->progress(out);
}

void take(void* training, std::int32_t member, double* records) {
  static_cast<Training*>(training)->take(member, records);
}

void read(const void* training, const plugin::States* states, plugin::Failure* failure) {
  guarded(failure, [&] { static_cast<const Training*>(training)->read(*states); });
}

void end(void* training) { delete static_cast<Training*>(training); }

constexpr plugin::Table table{.version = plugin::version,
                              .size = sizeof(plugin::Table),
                              .device = device_of,
                              .kernel = kernel,
                              .gradient = gradient_entry,
                              .train = train,
                              .run = run,
                              .progress = progress,
                              .take = take,
                              .read = read,
                              .end = end};

}  // namespace

}  // namespace tbrnn::cuda

extern "C" __attribute__((visibility("default"))) const tbrnn::plugin::Table* tbrnn_plugin() {
  return &tbrnn::cuda::table;
}
