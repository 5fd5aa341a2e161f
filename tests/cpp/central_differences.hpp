// d loss / dx by (loss(x + h) - loss(x - h)) / 2h, accurate to about h^2 = 1e-10.
#pragma once

#include <Eigen/Dense>

namespace tbrnn {

template <class Loss>
Eigen::VectorXd central_differences(Loss loss, Eigen::VectorXd x) {
  const double h = 1e-5;
  Eigen::VectorXd gradient(x.size());
  for (int i = 0; i < x.size(); ++i) {
    const double here = x(i);
    x(i) = here + h;
    const double above = loss(x);
    x(i) = here - h;
    gradient(i) = (above - loss(x)) / (2 * h);
    x(i) = here;
  }
  return gradient;
}

}  // namespace tbrnn
