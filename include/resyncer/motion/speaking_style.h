// A manner of speaking, apart from whose mouth it is (ReSyncer, section 3.1: the style token).
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <string>
#include <vector>

namespace resyncer::motion {

struct SpeakingStyle {
  Eigen::VectorXf token;  // code of the style encoder; empty = the mean style
  // How far the lips open: lower decile, median and upper decile of mesh::lip_openness, 0 = they meet.
  float low = 0, middle = 0, high = 0;
  // How fast: mean change of the opening in a second, in ranges from decile to decile; 0 = unknown.
  float tempo = 0;

  // What it was made from, for people.
  float seconds = 0;              // of footage
  float mean = 0, deviation = 0;  // of the opening
};

// A weight a style, at least one, not negative, not all 0: they are scaled to a sum of 1. The mean style is
// not to be mixed (a lower strength does that). Throws Error{usage}; Error{model} for tokens of different
// models.
SpeakingStyle mix(const std::vector<SpeakingStyle>& styles, const std::vector<float>& weights);

// A .style file (safetensors). `base`: SHA-256 of the motion weights that the token belongs to.
void write_style(const SpeakingStyle& style, const std::string& base, const std::filesystem::path& path);
// Throws Error{input} when the file is damaged or belongs to other weights.
SpeakingStyle read_style(const std::filesystem::path& path, const std::string& base);

}  // namespace resyncer::motion
