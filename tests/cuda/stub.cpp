// A plug-in that does nothing: of another version, or with a device that cannot be used.
#include <cstring>

#include "core/plugin.hpp"

using namespace tbrnn::plugin;

namespace {

void device(Device* d) {
  *d = {};
  d->readiness = static_cast<Readiness>(READINESS);
  d->major = 5;
  d->driver = 11040;
  d->runtime = 13000;
  std::strcpy(d->name, "an old card");
  std::strcpy(d->architectures, "sm 80");
  std::strcpy(d->message, "said the driver");
}

Table table() {
  Table t{};
  t.version = VERSION;
  t.size = sizeof(Table);
  t.device = device;
  return t;
}

}  // namespace

extern "C" const Table* tbrnn_plugin() {
  static const Table t = table();
  return &t;
}
