// Whose face is it? A small network of our own that measures face swaps (models/identity.md says how good it
// is on people never seen). It sees the inner face alone, in gray and without its light, because a swap takes
// skin tone, light and hair from the footage.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "resyncer/core/face.h"
#include "resyncer/core/image.h"

namespace resyncer::identity {

constexpr int kFacePicture = 96;  // px, width and height: 10.5 cm of a mean face, brows to lower lip

// The similarity that lays both eyes and the mouth where the network expects them.
core::Affine2 picture_from_frame(const core::Landmarks& landmarks);

class Recogniser {
 public:
  // Throws Error{model}.
  explicit Recogniser(const std::filesystem::path& weights);
  ~Recogniser();
  Recogniser(Recogniser&&) noexcept;
  Recogniser& operator=(Recogniser&&) noexcept;

  // Unit vector. `gray`: kFacePicture px a side.
  std::vector<float> describe(const core::ImageU8& gray) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Mean of unit vectors, of length 1 again; empty without any.
std::vector<float> mean_description(const std::vector<std::vector<float>>& descriptions);
// Cosine, [-1, 1]; of equal lengths.
double similarity(const std::vector<float>& a, const std::vector<float>& b);

}  // namespace resyncer::identity
