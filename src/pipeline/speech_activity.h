// Of a sound: how long it is, and where somebody speaks in it.
#pragma once

#include <filesystem>
#include <vector>

namespace resyncer::pipeline {

// Streams the file. Throws Error{input}.
double sound_seconds(const std::filesystem::path& sound);

// Of every moment (s after the start of the speech), whether speech (speech/speech_gate.h) is less than 0.3 s
// away: shorter pauses are part of speaking. Streams the file. Throws Error{input}.
std::vector<bool> near_speech(const std::filesystem::path& speech, const std::vector<double>& seconds);

}  // namespace resyncer::pipeline
