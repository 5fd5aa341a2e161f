// Loss and gradient of a network on the emulated device against those of the CPU engine in float64.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "cpu/simulate.hpp"
#include "engine.hpp"
#include "pairwise.hpp"
#include "schedules.hpp"
#include "trials.hpp"

namespace tbrnn {

struct Case {
  Spec spec;
  Match match;
  Experiment experiment;
  std::vector<double> parameters;
  double sigma;
  double input_sigma = 0.0;
  Loss loss = Loss::squared;

  static constexpr int members = 2;

  // The loss of classes, whose targets are not negative.
  Case of(Loss kind) && {
    loss = kind;
    if (kind != Loss::squared)
      for (double& y : experiment.target) y = std::fabs(y);
    return std::move(*this);
  }

  Case with_noisy_inputs(double sigma_) && {
    input_sigma = sigma_;
    return std::move(*this);
  }

  // Parameters are small enough for every nonlinearity; those of a product stage are at most `largest`.
  Case(const Spec& s, Match m, const Experiment& e, double sigma_, double largest = 0.6)
      : spec(s), match(m), experiment(e), sigma(sigma_) {
    const auto list = fields(spec);
    const auto input = std::find_if(list.begin(), list.end(),
                                    [](const Field& f) { return f.name.starts_with("w_i"); });
    const std::size_t block = block_size(spec), product = input->offset;
    parameters = Numbers(7).uniform(members * block, -0.6, 0.6);
    for (std::size_t i = 0; i < parameters.size(); ++i)
      if (i % block < product) parameters[i] *= largest / 0.6;
  }
};

// loss (member), then gradient (member, block)
template <class T>
std::vector<double> on_cpu(const Case& c) {
  const Dataset<T> data = c.experiment.dataset<T>();
  const auto p = as<T>(c.parameters);
  const Cohort<T> cohort{c.spec,
                         Case::members,
                         p.data(),
                         {&data, &data},
                         {{5, c.sigma, 3, c.input_sigma}, {1, c.sigma, 2, 2 * c.input_sigma}}};
  std::vector<double> loss(Case::members);
  std::vector<T> g(p.size());
  gradient(cohort, c.match, 1, loss.data(), g.data(), c.loss);
  loss.insert(loss.end(), g.begin(), g.end());
  return loss;
}

template <class T>
void compute(const Case& c, double* out, bool split = false) {  // the same numbers
  const Dataset<T> data = c.experiment.dataset<T>();
  const auto p = as<T>(c.parameters);
  const cuda::Cohort<T> cohort{c.spec,
                               Case::members,
                               p.data(),
                               {&data, &data},
                               {{5, c.sigma, 3, c.input_sigma}, {1, c.sigma, 2, 2 * c.input_sigma}},
                               split};
  std::vector<T> g(p.size());
  cuda::gradient(cohort, c.match, out, g.data(), c.loss);
  std::copy(g.begin(), g.end(), out + Case::members);
}

template <class T>
std::string emulate(const Case& c, std::vector<double>& result) {
  return emulator::fault_of(
      c.parameters.size() + Case::members, [&](double* out) { compute<T>(c, out); }, result);
}

// In one order of execution.
inline std::vector<double> computed(const Case& c, bool split = false) {
  std::vector<double> numbers(c.parameters.size() + Case::members);
  compute<float>(c, numbers.data(), split);
  return numbers;
}

inline std::vector<double> part(const std::vector<double>& list, std::size_t begin,
                                std::size_t end) {
  return {list.begin() + static_cast<std::ptrdiff_t>(begin),
          list.begin() + static_cast<std::ptrdiff_t>(end)};
}

inline void expect_near_the_cpu_engine(const Case& c, const std::vector<double>& ours,
                                       double tolerance) {
  const std::vector<double> theirs = on_cpu<double>(c);
  const std::size_t block = block_size(c.spec);
  for (std::size_t m = 0; m < Case::members; ++m) {
    EXPECT_NEAR(ours[m], theirs[m], tolerance * theirs[m]);
    const std::size_t begin = Case::members + m * block;
    EXPECT_LE(distance(part(ours, begin, begin + block), part(theirs, begin, begin + block)),
              tolerance);
  }
}

template <class T>
void expect_the_cpu_engine(const Case& c, double tolerance) {
  std::vector<double> ours;
  ASSERT_EQ(emulate<T>(c, ours), "");
  expect_near_the_cpu_engine(c, ours, tolerance);
}

// case_of(choice) for pairwise choices of the options; returns how many there were.
template <class T, class Allowed, class CaseOf>
int expect_the_cpu_engine(const Options& options, Allowed allowed, CaseOf case_of, unsigned seed,
                          double tolerance) {
  int cases = 0;
  for (const Choice& choice : pairwise(options, allowed, seed)) {
    SCOPED_TRACE(describe(options, choice));
    expect_the_cpu_engine<T>(case_of(choice), tolerance);
    ++cases;
    if (testing::Test::HasFailure()) break;
  }
  return cases;
}

}  // namespace tbrnn
