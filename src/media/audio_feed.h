// The new speech as packets ready for the container: the file's own where the container takes them, else
// encoded once.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "output_container.h"

namespace resyncer::media {

class AudioFeed {
 public:
  virtual ~AudioFeed() = default;
  // Fills the packet; time 0 is the first sample to be heard (what a decoder throws away lies before). False
  // at the end.
  virtual bool next(AVPacket* packet) = 0;
  virtual AVRational time_base() const = 0;
  virtual const AVCodecParameters& parameters() const = 0;
  virtual const AVStream& source() const = 0;
  virtual std::string action() const = 0;  // for the log
};

// Throws Error{input} when there is no sound in the file, Error{output} when the container has no use for
// sound.
std::unique_ptr<AudioFeed> open_audio_feed(const std::filesystem::path& path,
                                           const OutputContainer& container, bool bit_exact);

}  // namespace resyncer::media
