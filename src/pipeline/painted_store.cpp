#include "pipeline/painted_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "resyncer/pipeline/content_hash.h"

namespace resyncer::pipeline {

namespace fs = std::filesystem;

namespace {

constexpr int kSquare = 16;                   // px; a multiple of every chroma block
constexpr std::uint64_t kSpare = 1ULL << 30;  // bytes of the disk that are left to the result
constexpr auto kKept = std::chrono::hours(24 * 14);

int squares_across(int px) { return (px + kSquare - 1) / kSquare; }

// What of plane c (the mask behind the last) lies in a square.
core::Box part_of_square(const media::PixelLayout& layout, std::uint32_t place, int c) {
  const auto across = std::uint32_t(squares_across(layout.width));
  const int left = int(place % across) * kSquare, top = int(place / across) * kSquare;
  const int right = std::min(left + kSquare, layout.width), bottom = std::min(top + kSquare, layout.height);
  if (c == 0 || c == layout.components) return {left, top, right, bottom};
  const int x = layout.chroma_shift_x, y = layout.chroma_shift_y;
  return {left >> x, top >> y, ((right - 1) >> x) + 1, ((bottom - 1) >> y) + 1};
}

std::size_t sample_bytes(const media::PixelLayout& layout, int c) {
  return c < layout.components && layout.bit_depth > 8 ? 2 : 1;
}

std::size_t samples_bytes(const media::PixelLayout& layout, const std::vector<std::uint32_t>& places) {
  std::size_t bytes = 0;
  for (std::uint32_t place : places)
    for (int c = 0; c <= layout.components; ++c) {
      const core::Box part = part_of_square(layout, place, c);
      bytes += sample_bytes(layout, c) * std::size_t(part.width()) * std::size_t(part.height());
    }
  return bytes;
}

// Calls sample(address, bytes) for every sample of the square, always in the same order. The mask is read and
// written alike, so it is not const.
template <typename Sample>
void for_each_sample(const media::PixelLayout& layout, const std::array<media::Plane, 3>& planes,
                     core::ImageU8* mask, std::uint32_t place, Sample&& sample) {
  for (int c = 0; c <= layout.components; ++c) {
    const core::Box part = part_of_square(layout, place, c);
    const std::size_t bytes = sample_bytes(layout, c);
    const bool is_mask = c == layout.components;
    const std::size_t step = is_mask ? 1 : bytes * std::size_t(planes[std::size_t(c)].pixel_step);
    for (int y = part.top; y < part.bottom; ++y) {
      std::byte* row = is_mask ? reinterpret_cast<std::byte*>(mask->row(y))
                               : planes[std::size_t(c)].data + y * planes[std::size_t(c)].stride;
      for (int x = part.left; x < part.right; ++x) sample(row + step * std::size_t(x), bytes);
    }
  }
}

struct RecordHead {
  std::uint32_t squares = 0, sample_bytes = 0;
  char hash[64] = {};  // of places and samples
};

std::string payload_hash(const PaintedSquares& squares) {
  std::string all(reinterpret_cast<const char*>(&squares.of), sizeof squares.of);
  all.append(reinterpret_cast<const char*>(squares.places.data()), squares.places.size() * 4);
  all += squares.samples;
  return content_hash(all.data(), all.size());
}

bool read_all(int file, void* to, std::size_t bytes) {
  auto* at = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t got = ::read(file, at, bytes);
    if (got <= 0) return false;
    at += got;
    bytes -= std::size_t(got);
  }
  return true;
}

bool write_all(int file, const void* from, std::size_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t put = ::write(file, at, bytes);
    if (put <= 0) return false;
    at += put;
    bytes -= std::size_t(put);
  }
  return true;
}

void remove_forgotten(const fs::path& folder) {
  std::error_code error;
  const auto oldest = fs::file_time_type::clock::now() - kKept;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored) && it->last_write_time(ignored) < oldest && !ignored)
      fs::remove(it->path(), ignored);
  }
}

}  // namespace

PaintedSquares take_squares(const media::VideoFrame& frame, const core::ImageU8& mask) {
  const media::PixelLayout& layout = frame.layout();
  const int across = squares_across(layout.width), down = squares_across(layout.height);
  PaintedSquares out;
  out.of = {layout.width, layout.height};
  std::vector<bool> touched;
  for (int v = 0; v < down; ++v) {
    touched.assign(std::size_t(across), false);
    for (int y = v * kSquare; y < std::min((v + 1) * kSquare, layout.height); ++y)
      for (int u = 0; u < across; ++u) {
        const std::uint8_t* begin = mask.row(y) + u * kSquare;
        const std::uint8_t* end = mask.row(y) + std::min((u + 1) * kSquare, layout.width);
        if (std::any_of(begin, end, [](std::uint8_t m) { return m != 0; })) touched[std::size_t(u)] = true;
      }
    for (int u = 0; u < across; ++u)
      if (touched[std::size_t(u)]) out.places.push_back(std::uint32_t(v * across + u));
  }
  const auto planes = frame.planes();
  out.samples.reserve(samples_bytes(layout, out.places));
  auto& readable = const_cast<core::ImageU8&>(mask);  // nothing is written to it
  for (std::uint32_t place : out.places)
    for_each_sample(layout, planes, &readable, place, [&](const std::byte* at, std::size_t bytes) {
      out.samples.append(reinterpret_cast<const char*>(at), bytes);
    });
  return out;
}

void put_squares(const PaintedSquares& squares, media::VideoFrame* frame, core::ImageU8* mask) {
  const media::PixelLayout& layout = frame->layout();
  *mask = core::ImageU8(layout.width, layout.height, 1);
  if (squares.places.empty()) return;
  const auto planes = frame->writable_planes();
  const char* next = squares.samples.data();
  for (std::uint32_t place : squares.places)
    for_each_sample(layout, planes, mask, place, [&](std::byte* at, std::size_t bytes) {
      std::memcpy(at, next, bytes);
      next += bytes;
    });
}

PaintedStore::PaintedStore(const fs::path& file) : path_(file) {
  std::error_code ignored;
  fs::create_directories(file.parent_path(), ignored);
  remove_forgotten(file.parent_path());
  file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) != 0) give_up();  // that of another process
}

PaintedStore::~PaintedStore() { give_up(); }

void PaintedStore::give_up() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

std::optional<PaintedSquares> PaintedStore::read(const media::PixelLayout& layout) {
  if (file_ < 0 || !reading_) return std::nullopt;
  const auto most =
      std::uint32_t(squares_across(layout.width)) * std::uint32_t(squares_across(layout.height));
  RecordHead head;
  PaintedSquares squares;
  squares.of = {layout.width, layout.height};
  auto record = [&] {
    if (!read_all(file_, &head, sizeof head) || head.squares > most) return false;
    squares.places.resize(head.squares);
    if (!read_all(file_, squares.places.data(), 4 * squares.places.size())) return false;
    for (std::uint32_t place : squares.places)
      if (place >= most) return false;
    if (head.sample_bytes != samples_bytes(layout, squares.places)) return false;
    squares.samples.resize(head.sample_bytes);
    return read_all(file_, squares.samples.data(), squares.samples.size()) &&
           payload_hash(squares) == std::string(head.hash, sizeof head.hash);
  };
  if (record()) {
    end_ = ::lseek(file_, 0, SEEK_CUR);
    return squares;
  }
  reading_ = false;
  if (::ftruncate(file_, end_) != 0 || ::lseek(file_, end_, SEEK_SET) != end_) give_up();
  return std::nullopt;
}

bool PaintedStore::has_room() {
  constexpr std::int64_t kFramesBetween = 64;
  if (frames_++ % kFramesBetween != 0) return true;
  struct statvfs disk {};
  return ::fstatvfs(file_, &disk) == 0 && std::uint64_t(disk.f_bavail) * disk.f_frsize > kSpare;
}

void PaintedStore::add(const PaintedSquares& squares) {
  if (file_ < 0) return;
  RecordHead head{std::uint32_t(squares.places.size()), std::uint32_t(squares.samples.size())};
  std::memcpy(head.hash, payload_hash(squares).data(), sizeof head.hash);
  const bool kept = has_room() && write_all(file_, &head, sizeof head) &&
                    write_all(file_, squares.places.data(), 4 * squares.places.size()) &&
                    write_all(file_, squares.samples.data(), squares.samples.size());
  if (!kept) remove();
}

void PaintedStore::remove() {
  if (file_ < 0) return;
  std::error_code ignored;
  fs::remove(path_, ignored);
  give_up();
}

}  // namespace resyncer::pipeline
