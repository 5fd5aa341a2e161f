// What is given back is used again, and given up when the device has no more.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>

#include "memory.hpp"

namespace {

using tbrnn::dev::OutOfMemory;
using tbrnn::dev::Pool;

std::size_t left = 0;
int allocations = 0, frees = 0;
std::map<void*, std::size_t> blocks;  // addresses that nobody looks behind

struct Device {  // of so many bytes
  Pool pool{[](std::size_t bytes) -> void* {
              if (bytes > left) return nullptr;
              left -= bytes;
              void* at = reinterpret_cast<void*>(static_cast<std::uintptr_t>(++allocations));
              blocks[at] = bytes;
              return at;
            },
            [](void* at) {
              left += blocks.at(at);
              ++frees;
              blocks.erase(at);
            }};
  explicit Device(std::size_t bytes) {
    left = bytes;
    allocations = frees = 0;
    blocks.clear();
  }
};

TEST(MemoryPool, UsesAgainWhatIsLargeEnough) {
  Device device(1000);
  void* first = device.pool.take(100);
  device.pool.give_back(first);
  EXPECT_EQ(device.pool.take(60), first);
  EXPECT_EQ(allocations, 1);
  void* second = device.pool.take(60);  // the first is in use
  EXPECT_NE(second, first);
  device.pool.give_back(first);
  EXPECT_NE(device.pool.take(40), first);  // more than twice as large
  EXPECT_EQ(allocations, 3);
}

TEST(MemoryPool, GivesUpWhatItKeepsBeforeItFails) {
  Device device(200);
  device.pool.give_back(device.pool.take(150));
  void* all = device.pool.take(200);
  EXPECT_EQ(frees, 1);
  try {
    device.pool.take(7);
    FAIL();
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.bytes, 7u);
  }
  device.pool.give_back(all);
  EXPECT_EQ(device.pool.take(200), all);
}

TEST(MemoryPool, MakesRoomForWhatTakesMemoryByItself) {
  Device device(200);
  device.pool.give_back(device.pool.take(150));
  const auto needs = [](std::size_t bytes) { return [bytes] { return bytes <= left; }; };
  EXPECT_TRUE(device.pool.make_room(needs(50)));
  EXPECT_EQ(frees, 0);
  EXPECT_TRUE(device.pool.make_room(needs(200)));
  EXPECT_EQ(frees, 1);
  EXPECT_FALSE(device.pool.make_room(needs(201)));
}

}  // namespace
