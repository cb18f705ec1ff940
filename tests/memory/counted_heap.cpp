#include "memory/counted_heap.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::int64_t> live{0}, peak{0}, start{0};

void* count(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  auto now = live += std::int64_t(malloc_usable_size(block));
  auto highest = peak.load();
  while (now > highest && !peak.compare_exchange_weak(highest, now)) {
  }
  return block;
}

void release(void* block) {
  if (block == nullptr) return;
  live -= std::int64_t(malloc_usable_size(block));
  std::free(block);
}

std::size_t rounded(std::size_t size, std::align_val_t align) {
  auto step = std::size_t(align);
  return (size + step - 1) / step * step;
}
}  // namespace

void* operator new(std::size_t size) { return count(std::malloc(size)); }
void* operator new(std::size_t size, std::align_val_t align) {
  return count(std::aligned_alloc(std::size_t(align), rounded(size, align)));
}
void operator delete(void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete(void* block, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { release(block); }

namespace resyncer::testing {

std::int64_t live_bytes() { return live; }

void begin_peak() {
  start = live.load();
  peak = live.load();
}

std::int64_t peak_bytes() { return peak - start; }

}  // namespace resyncer::testing
