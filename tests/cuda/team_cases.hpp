// The networks whose members are shared out among teams of blocks, or among clusters of these: pairwise choices of options and sizes.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "against_cpu.hpp"

namespace tbrnn::team_cases {

using emulator::sanitized;

enum {
  model,
  units,
  channels,
  trials,
  steps,
  form,
  phi,
  phi_out,
  match,
  bias,
  constraint,
  alpha,
  mask,
  initial,
  noise,
  leak,
  masked,
  loss,
  options
};
inline const Options all = {
    {"model", 9}, {"units", 5},   {"channels", 4}, {"trials", 3}, {"steps", 3},      {"form", 2},
    {"phi", 5},   {"phi_out", 5}, {"match", 3},    {"bias", 4},   {"constraint", 2}, {"alpha", 2},
    {"mask", 3},  {"initial", 2}, {"noise", 4},    {"leak", 3},   {"masked", 2},     {"loss", 3}};

struct Kind {
  const char* model;
  bool bulk;
  const char* kernel;
  int units[5];
  const char* in_clusters = nullptr;  // the kernel, if there is one
};
inline constexpr const char *bulk_clusters = "bulk and channels, in a cluster of blocks",
                            *dense_clusters = "dense, in a cluster of blocks";
inline constexpr Kind kinds[] = {  // those with channels, with a matrix, with a tensor
    {"LowRankRNN",
     true,
     "bulk and channels, in a team of blocks",
     {30, 31, 33, 64, 100},
     bulk_clusters},
    {"LowRankTBRNN",
     true,
     "bulk and channels, in a team of blocks",
     {7, 31, 33, 64, 100},
     bulk_clusters},
    {"LowRankHORNN",
     true,
     "bulk and channels, in a team of blocks",
     {1, 30, 33, 64, 130},
     bulk_clusters},
    {"LowRankTBRNN", false, "channel, in a team of blocks", {129, 130, 131, 150, 160}},
    {"RNN", false, "dense, in a team of blocks", {129, 130, 131, 150, 161}, dense_clusters},
    {"EIRNN", false, "dense, in a team of blocks", {129, 130, 133, 140, 161}, dense_clusters},
    {"LeakyGRU", false, "gated dense, in a team of blocks", {129, 130, 131, 150, 161}},
    {"TBRNN", false, "polynomial, in a team of blocks", {65, 65, 65, 65, 66}},
    {"HORNN", false, "polynomial, in a team of blocks", {65, 65, 65, 65, 66}}};
inline constexpr int trials_list[] = {1, 5, 33}, steps_list[] = {1, 2, 9};

inline const Kind& kind_of(const Choice& c) { return kinds[c[model]]; }
inline int units_of(const Choice& c) { return kind_of(c).units[c[units]]; }
inline bool has_channels(const Choice& c) { return c[model] < 4; }
inline bool is_dense(const Choice& c) { return c[model] >= 4 && c[model] < 7; }
inline bool is_gated(const Choice& c) { return c[model] == 6; }

inline Spec spec_of(const Choice& c) {
  const int n = units_of(c), rank = n == 1 ? 1 : 1 + c[channels] % 3;
  Spec spec;
  spec.model = kind_of(c).model;
  spec.units = n;
  if (has_channels(c)) spec.ranks = {rank, std::min(2, rank)};
  spec.excitatory = n - n / 3;
  spec.inputs = 1 + c[channels];
  spec.outputs = 4 - c[channels];
  spec.alpha = c[alpha] ? 1.0 : 0.3;
  spec.scale_two = 1.0 / n;
  spec.scale_three = 1.0 / (n * n);
  spec.form = is_gated(c) ? Form::voltage : static_cast<Form>(c[form]);
  spec.phi = {.kind = static_cast<Nonlinearity>(c[phi])};
  spec.phi_out = {.kind = static_cast<Nonlinearity>(c[phi_out])};
  spec.input_bias = c[bias] & 1;
  spec.output_bias = c[bias] & 2;
  spec.rectified_inputs = c[noise] == 3;
  if (c[leak] && !is_gated(c))
    spec.alphas = Numbers(2).uniform(static_cast<std::size_t>(n), 0.1, 0.9);
  if (c[leak] == 2 && !is_gated(c)) spec.cubic = 0.2;
  const std::string name = spec.model;
  spec.gated = c[constraint] && name.ends_with("HORNN");
  spec.hard_orth = c[constraint] && name == "LowRankTBRNN";
  spec.identity_readout = c[constraint] && !spec.gated && !spec.hard_orth;
  if (spec.identity_readout) spec.outputs = n;
  if (kind_of(c).bulk) {
    const double largest = 1.0 / std::sqrt(n);
    spec.bulk = std::make_shared<const std::vector<double>>(
        Numbers(6).uniform(static_cast<std::size_t>(n * n), -largest, largest));
  }
  if (c[masked] && !has_channels(c))
    spec.masks = {
        {name == "HORNN" ? "w_hh_tbrnn" : "w_hh", some_of(is_dense(c) ? n * n : n * n * n)}};
  return spec;
}

inline Case case_of(const Choice& c) {
  const Spec spec = spec_of(c);
  const Match m = static_cast<Match>(c[match]);
  const int n = spec.units;
  return Case(
             spec, m,
             Experiment(spec, m, trials_list[c[trials]], steps_list[c[steps]], c[mask], c[initial]),
             c[noise] ? 0.1 : 0.0,
             has_channels(c) ? 0.6
             : is_dense(c)   ? 0.6 / std::sqrt(n)
                             : 0.6 / n)
      .with_noisy_inputs(c[noise] > 1 ? 0.2 : 0.0)
      .of(static_cast<Loss>(c[loss]));
}

// Many trials and steps are left to few units, and sanitizers to fewer.
inline bool allowed(const Choice& c) {
  if (sanitized && units_of(c) > 40) return false;
  const int tiles = c[trials] == 2 ? 2 : 1;
  if (tiles * steps_list[c[steps]] > (units_of(c) > 64 ? 2 : 9)) return false;
  return c[loss] != static_cast<int>(Loss::cross_entropy) || c[mask] < 2;
}

inline Choice plain(int which, int size) {
  Choice c(options, 0);
  c[model] = which;
  c[units] = size;
  c[channels] = 2;
  c[trials] = 1;
  c[steps] = 1;
  c[bias] = 3;
  return c;
}

inline Case large(int which, int units, int trials, int steps, Match m = Match::outputs,
                  int rank = 0) {
  Spec spec = spec_of(plain(which, 0));
  spec.units = units;
  if (rank) spec.ranks = {rank, rank};
  const std::size_t n = static_cast<std::size_t>(units);
  if (spec.bulk)
    spec.bulk = std::make_shared<const std::vector<double>>(Numbers(6).uniform(n * n, -0.03, 0.03));
  return Case(spec, m, Experiment(spec, m, trials, steps, 0, false), 0.1, 0.03);
}

}  // namespace tbrnn::team_cases
