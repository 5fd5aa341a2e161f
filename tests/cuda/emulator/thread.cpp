#include "thread.hpp"

#include <algorithm>
#include <string_view>

namespace tbrnn::emulator {

std::string text(Where where) {
  std::string_view file = where.file_name();
  file.remove_prefix(std::min(file.rfind('/') + 1, file.size()));
  return std::string(file) + ":" + std::to_string(where.line());
}

std::string text(const Thread& thread) {
  switch (thread.doing) {
    case Doing::run: return "runs";
    case Doing::shuffle: return "waits in the shuffle at " + text(thread.where);
    case Doing::block_barrier: return "waits at the block barrier at " + text(thread.where);
    case Doing::cluster_barrier: return "waits at the cluster barrier at " + text(thread.where);
    case Doing::cluster_wait: return "waits for the cluster at " + text(thread.where);
    case Doing::arrivals: return "waits for what is sent at " + text(thread.where);
    case Doing::count: return "waits for other blocks at " + text(thread.where);
    case Doing::last: return "lets others go first at " + text(thread.where);
    case Doing::ended: break;
  }
  return "has ended";
}

bool same(const Where& a, const Where& b) {
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() || std::string_view(a.file_name()) == b.file_name());
}

}  // namespace tbrnn::emulator
