// Style-SyncFormer (ReSyncer, section 3.1): speech features, mesh history and a style token to the next mesh.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "resyncer/core/feature_sequence.h"
#include "resyncer/motion/speaking_style.h"

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

// Who is to speak, and how.
struct Manner {
  // Meshes of the speaker at 25 Hz, any length (empty = unknown). 25 or more tell the mean shape of the
  // mouth, and, unless `style` is given, the manner; otherwise the shape is guessed from the mouth at rest.
  Coefficients own;
  std::optional<SpeakingStyle> style;
  float strength = 1;  // of `style`: 0 = the mean style, above 1 = exaggerated

  Manner(Coefficients meshes = {}) : own(std::move(meshes)) {}  // NOLINT(google-explicit-constructor)
};

// Somebody speaking, whose manner or whose motion is wanted.
struct StyleFootage {
  Coefficients meshes;  // at 25 Hz
  std::vector<float>
      openings;          // of the lips as they are seen (mesh::lip_openness), one a mesh; empty = the meshes'
  Eigen::VectorXf rest;  // mesh of the mouth at rest
  float rest_opening = 0;  // of the lips in it (mesh::lip_openness)
  std::string place;       // for errors
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

  // The style of one person or the mean of several: the mean token, and the deciles of all the openings.
  // Throws Error{face} when a clip has less than a second.
  SpeakingStyle style_of(const std::vector<StyleFootage>& footage) const;

  // One person's motion on another's face: `meshes` of `driver` about that person's mean, brought to the mean
  // of `own` (fewer than 25: guessed from `rest`) and, where these are known, to their amplitude; lips meet
  // where the driver's do. Meshes that are not `seen` (one each) are no meshes: the mouth comes to rest
  // there. Throws Error{face} when the driver has less than a second.
  MotionTrack transfer(const Coefficients& meshes, const std::vector<bool>& seen, const StyleFootage& driver,
                       const Coefficients& own, const Eigen::VectorXf& rest, float rest_opening) const;

  // ceil(features / 2) meshes.
  //   features  50 Hz, from the encoder of the same weights file
  //   manner    whose mouth moves, and in what manner: the lips open as far as the style tells, else as far
  //   as
  //             in the speaker's own meshes, else as far as people's usually do
  //   speaking  the gate, one a feature frame (empty = speech throughout); where it is false for more than
  //             a moment the mouth comes to `rest` (coefficient_count values) within 200 ms and stays there
  //   rest_opening  opening of this person's lips in `rest` (mesh::lip_openness), from which is known how far
  //             they have to close to meet, where the sound tells of /p b m/
  // Cost per frame and working memory do not depend on the length. Throws Error{model} when the extents do
  // not fit.
  MotionTrack predict(const core::FeatureSequence& features, const Manner& manner,
                      const std::vector<bool>& speaking, const Eigen::VectorXf& rest,
                      float rest_opening = 0) const;

  // The same for features that come in pieces of any length; the track is the same to the bit. Of the
  // features it holds those of some ten seconds.
  class Stream {
   public:
    Stream(const StyleSyncFormer& former, Manner manner);  // `former` must outlive it
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
