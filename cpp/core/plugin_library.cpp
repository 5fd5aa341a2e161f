#include "core/plugin_library.hpp"

#include <dlfcn.h>
#include <elf.h>

#include <cstring>
#include <fstream>
#include <map>
#include <mutex>

namespace tbrnn {

namespace {

// The loader takes a file that was cut short and dies of it later. Section headers are a library's last bytes.
void check_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw Unavailable("cannot read " + path);
  const auto size = static_cast<std::uint64_t>(file.tellg());
  Elf64_Ehdr head{};
  file.seekg(0).read(reinterpret_cast<char*>(&head), sizeof(head));
  if (!file || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_type != ET_DYN)
    throw Unavailable(path + " is no shared library: the file is damaged");
  if (head.e_shoff + std::uint64_t{head.e_shnum} * head.e_shentsize > size)
    throw Unavailable(path + " is incomplete: the file is damaged");
}

const plugin::Table* load(const std::string& path) {
  check_file(path);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Unavailable(dlerror());
  const auto find = reinterpret_cast<const plugin::Table* (*)()>(dlsym(library, plugin::symbol));
  if (!find) throw Unavailable(path + " is no engine of tbrnn: it lacks " + plugin::symbol);
  const plugin::Table* table = find();
  if (table->version != plugin::version || table->size != sizeof(plugin::Table))
    throw Unavailable(path + " belongs to another version of tbrnn: its table is version " +
                      std::to_string(table->version) + ", expected " +
                      std::to_string(plugin::version));
  return table;
}

}  // namespace

const plugin::Table& open_plugin(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, const plugin::Table*> open;
  const std::lock_guard lock(mutex);
  const plugin::Table*& table = open[path];
  if (!table) table = load(path);
  return *table;
}

void require(const plugin::Failure& failure) {
  switch (failure.fault) {
    case plugin::Fault::none: return;
    case plugin::Fault::argument: throw std::invalid_argument(failure.message);
    case plugin::Fault::memory: throw OutOfMemory(failure.bytes);
    default: throw Unavailable(failure.message);
  }
}

}  // namespace tbrnn
