#pragma once

#include <filesystem>
#include <functional>

#include "resyncer/core/audio.h"

namespace resyncer::media {

// Decodes the best audio stream (of an audio or a video file) to mono at `rate`. Channels are averaged. The
// clip starts at the stream's own start; `start_seconds`, when given, receives it on the container's clock.
// Throws Error{input} when there is no audio stream or nothing can be decoded.
core::AudioClip read_audio(const std::filesystem::path& path, int rate = 16000,
                           double* start_seconds = nullptr);

// The same in blocks, for long files: `sink` is called with consecutive samples. Returns the stream's start.
double stream_audio(const std::filesystem::path& path, int rate,
                    const std::function<void(const float* samples, std::size_t count)>& sink);

// Writes a mono 16-bit WAV file, whole or not at all.
void write_wav(const std::filesystem::path& path, const core::AudioClip& clip);

}  // namespace resyncer::media
