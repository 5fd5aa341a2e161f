// Divisions and maxima.
#pragma once

namespace tbrnn::dev {

template <class T>
T divide(T a, T b) {
  return a / b;
}

template <class T>
T maximum(T floor, T x) {
  return floor > x ? floor : x;
}

}  // namespace tbrnn::dev
