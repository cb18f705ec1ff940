// Style-SyncFormer (ReSyncer, section 3.1): speech features, mesh history and a style token to the next mesh.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <memory>
#include <vector>

#include "resyncer/core/feature_sequence.h"

namespace resyncer::motion {

using Coefficients =
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;  // frames x speech_count

constexpr int kMotionRate = 25;  // meshes a second

// Displacement of the mesh from the identity's mean mesh, in the coordinates of the face model's speech
// expressions (mesh::FaceModel::expression, its first speech_count columns): row i is the mesh at (i + 0.5) /
// rate seconds.
struct MotionTrack {
  double rate = kMotionRate;
  Coefficients expression;
};

class StyleSyncFormer {
 public:
  // Throws Error{model}.
  explicit StyleSyncFormer(const std::filesystem::path& weights);
  ~StyleSyncFormer();
  StyleSyncFormer(StyleSyncFormer&&) noexcept;
  StyleSyncFormer& operator=(StyleSyncFormer&&) noexcept;

  int coefficient_count() const;
  // Displacement (coefficient_count) that opens the mean lips by 1 (mesh::lip_openness) in the way that lips
  // part which have met: more by themselves than by the jaw. Zeros where the weights know no way.
  Eigen::VectorXf lips_parting() const;

  // ceil(features / 2) meshes.
  //   features  50 Hz, from the encoder of the same weights file
  //   style     meshes of the speaker whose manner is wanted, at 25 Hz, any length (empty = the mean style);
  //             with 25 or more the lips open as far as in them and about their mean shape, else as far as
  //             people's usually do and about the shape of `rest`
  //   speaking  the gate, one a feature frame (empty = speech throughout); where it is false for more than
  //             a moment the mouth comes to `rest` (coefficient_count values) within 200 ms and stays there
  //   rest_opening  opening of this person's lips in `rest` (mesh::lip_openness), from which is known how far
  //             they have to close to meet, where the sound tells of /p b m/
  // Cost per frame and working memory do not depend on the length. Throws Error{model} when the extents do
  // not fit.
  MotionTrack predict(const core::FeatureSequence& features, const Coefficients& style,
                      const std::vector<bool>& speaking, const Eigen::VectorXf& rest,
                      float rest_opening = 0) const;

  // The same for features that come in pieces of any length; the track is the same to the bit. Of the
  // features it holds those of some ten seconds.
  class Stream {
   public:
    Stream(const StyleSyncFormer& former, Coefficients style);  // `former` must outlive it
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    void push(const core::FeatureSequence& features);
    MotionTrack finish(const std::vector<bool>& speaking, const Eigen::VectorXf& rest,
                       float rest_opening = 0);

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The track at arbitrary times (seconds from the start of the speech), cubic in between; before the start and
// after the end the mouth is at rest, with a short ease.
Coefficients sample(const MotionTrack& track, const std::vector<double>& seconds,
                    const Eigen::VectorXf& rest);

}  // namespace resyncer::motion
