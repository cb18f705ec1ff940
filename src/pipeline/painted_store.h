// What a render has painted, kept on disk until its result is whole, so that a killed render need not paint
// it again: the second run decodes and encodes all frames, and paints only those that are not kept.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/core/image.h"
#include "resyncer/media/video_frame.h"

namespace resyncer::pipeline {

// The altered squares of a frame, 16 x 16 px of luma each and the samples of the other planes that lie in
// them; squares at the right and lower border are cut off there.
struct PaintedSquares {
  std::array<int, 2> of{};            // width and height of the frame, px
  std::vector<std::uint32_t> places;  // row by row: y * columns + x
  std::string samples;                // of all planes, square by square, then the mask's
};

// `mask`: luma size, 0 = untouched (compose::composite).
PaintedSquares take_squares(const media::VideoFrame& frame, const core::ImageU8& mask);
// Paints them into the frame, and into the mask, which is made 0 elsewhere.
void put_squares(const PaintedSquares& squares, media::VideoFrame* frame, core::ImageU8* mask);

// A file of one record a frame, in order, each with its checksum: whatever follows a record that is torn or
// damaged is dropped. Never an error: what cannot be read is painted again, what cannot be written is not
// kept. Not for several threads.
class PaintedStore {
 public:
  // `file` is made, with its folder, when missing; it must be named by all that the pictures depend on. One
  // process uses it at a time, another one's store stays empty. Files in the folder that nobody has touched
  // for two weeks are removed.
  explicit PaintedStore(const std::filesystem::path& file);
  ~PaintedStore();  // the file stays
  PaintedStore(const PaintedStore&) = delete;
  PaintedStore& operator=(const PaintedStore&) = delete;

  // The next frame that a former run painted, if there is one that fits a frame of this layout. After the
  // first nullopt all further ones are.
  std::optional<PaintedSquares> read(const media::PixelLayout& layout);
  // Adds the next frame after those that were read.
  void add(const PaintedSquares& squares);
  // The result is whole: the file goes.
  void remove();

 private:
  bool has_room();
  void give_up();

  std::filesystem::path path_;
  int file_ = -1;
  std::int64_t end_ = 0;  // of the good records, bytes
  bool reading_ = true;
  std::int64_t frames_ = 0;
};

}  // namespace resyncer::pipeline
