// Learning the face model's bases (docs/training.md): identities and expressions from measured 3D landmarks,
// then a refinement from tracked video.
#pragma once

#include <cstdint>
#include <filesystem>

#include "resyncer/mesh/face_model.h"

namespace resyncer::train {

struct FaceModelOptions {
  int identity_modes = 24;
  int speech_modes = 24;   // mouth, jaw, cheeks
  int upper_modes = 8;     // brows, eyes
  int last_identity = 80;  // identities from here on are kept out for measurements
  int samples = 6000;      // random expressions that the basis is learned from
  std::uint64_t seed = 1;
  std::filesystem::path
      tracks;      // "tracks" dataset of real faces (resyncer prepare tracks); empty = no refinement
  int rounds = 3;  // of refinement
};

struct FaceModelReport {
  float error_before = 0, error_after = 0;  // mean reprojection error of the tracks, inter-ocular distances
};

// `landmarks`: ICT-FaceKit's figures (JSON: neutral 68 x 3, identity and expression: name -> 68 x 3
// displacements, cm). Throws Error{input}.
mesh::FaceModel train_face_model(const std::filesystem::path& landmarks, const FaceModelOptions& options,
                                 FaceModelReport* report = nullptr);

}  // namespace resyncer::train
