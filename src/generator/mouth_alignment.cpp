#include "resyncer/generator/mouth_alignment.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <optional>

#include "generator/mouth_atlas.h"
#include "resyncer/generator/reference_choice.h"

namespace resyncer::generator {

namespace {

constexpr int kCropSide = 256;
constexpr std::size_t kFewest = 10;                       // mouths that a mean of like ones can be taken from
constexpr std::size_t kFewestAlike = 8, kMostAlike = 24;  // mouths in that mean; a quarter of all in between
constexpr double kApart = 0.4;                            // s: neighbours in time share their errors
constexpr int kRounds = 4, kRoundsAlone = 3;
constexpr float kNoise = 0.06F;    // difference of colour from which points count less (Cauchy)
constexpr float kPrior = 1.8e-6F;  // squared colour, a point, of one deviation from what landmarks say
constexpr float kLeastDeviation = 0.05F;

}  // namespace

core::Affine2 mouth_from_frame(const mesh::Vertices& neutral) {
  constexpr float kBorder = 0.5F * float(kCropSide - kMouthPicture);
  return Eigen::Translation2f(-kBorder, -kBorder) * crop_from_frame(neutral, kCropSide);
}

// The mouths, and what is known of each.
struct MouthAligner::Aligned {
  MouthAtlas atlas;
  Eigen::VectorXf mouth_weights;
  Eigen::ArrayXf deviation;              // of the coefficients of speech
  std::vector<BankEntry> entries;        // with the aligned expressions
  std::vector<Eigen::ArrayX3f> details;  // through the aligned meshes
  Eigen::Index speech = 0;

  bool enough() const { return entries.size() >= kFewest; }

  // Mean of the mouths most like this one.
  std::optional<Eigen::ArrayX3f> likeness(const Eigen::VectorXf& expression, const Eigen::Vector3f& angles,
                                          double seconds, double gap) const {
    std::vector<std::pair<float, std::size_t>> near;
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (std::abs(entries[i].seconds - seconds) > std::max(gap, kApart))
        near.emplace_back(mouth_distance(entries[i], expression, mouth_weights, angles), i);
    const std::size_t wanted = std::clamp(entries.size() / 4, kFewestAlike, kMostAlike);
    if (near.size() < wanted) return std::nullopt;
    std::partial_sort(near.begin(), near.begin() + std::ptrdiff_t(wanted), near.end());
    Eigen::ArrayX3f mean = details[near.front().second];
    for (std::size_t k = 1; k < wanted; ++k) mean += details[near[k].second];
    return mean / float(wanted);
  }

  // One step of the coefficients of speech that takes away the difference of the wanted picture and the one
  // that is seen; of `seen` it needs the slopes.
  void improve(const MouthTexture& seen, const Eigen::ArrayX3f& difference, const PictureMotion& motion,
               const Eigen::VectorXf& start, Eigen::VectorXf* expression) const {
    const float points = atlas.weight.sum();
    const Eigen::ArrayXf prior = kPrior * points / deviation.square();
    Eigen::MatrixXf square = prior.matrix().asDiagonal();
    Eigen::VectorXf pull = (prior * (start - *expression).head(speech).array()).matrix();
    for (int c = 0; c < 3; ++c) {
      const Eigen::VectorXf weight = atlas.weight / (1 + (difference.col(c) / kNoise).square());
      const Eigen::MatrixXf change = seen.slope_x.col(c).matrix().asDiagonal() * motion.x +
                                     Eigen::MatrixXf(seen.slope_y.col(c).matrix().asDiagonal() * motion.y);
      const Eigen::MatrixXf weighted = weight.asDiagonal() * change;
      square.noalias() += weighted.transpose() * change;
      pull.noalias() += weighted.transpose() * difference.col(c).matrix();
    }
    const Eigen::ArrayXf step = square.ldlt().solve(pull).array();
    if (!step.allFinite()) return;
    expression->head(speech).array() += step.max(-deviation).min(deviation);
  }
};

MouthAligner::~MouthAligner() = default;

const Eigen::VectorXf& MouthAligner::expression(std::size_t i) const {
  return aligned_->entries[i].expression;
}

MouthAligner::MouthAligner(const mesh::FaceModel& model, const Eigen::VectorXf& identity,
                           const std::vector<MouthView>& mouths)
    : aligned_(std::make_unique<Aligned>()) {
  Aligned& a = *aligned_;
  a.speech = model.speech_count;
  a.mouth_weights = mouth_weights(model);
  for (const MouthView& mouth : mouths)
    a.entries.push_back(
        {mouth.seconds, mouth.params.expression, mesh::head_angles(mouth.params.camera_from_head), 0, 0});
  if (!a.enough()) return;
  Eigen::MatrixXf speech(a.speech, Eigen::Index(mouths.size()));
  for (std::size_t i = 0; i < mouths.size(); ++i)
    speech.col(Eigen::Index(i)) = mouths[i].params.expression.head(a.speech);
  const Eigen::VectorXf mean = speech.rowwise().mean();
  a.deviation = (speech.colwise() - mean).array().square().rowwise().mean().sqrt().max(kLeastDeviation);
  a.atlas = make_mouth_atlas(model, identity, mean);

  std::vector<MouthTexture> textures(mouths.size());
  for (int round = 0; round <= kRounds; ++round) {
    a.details.clear();
    for (std::size_t i = 0; i < mouths.size(); ++i) {
      textures[i] = sample_mouth(a.atlas, mouths[i], a.entries[i].expression.head(a.speech));
      a.details.push_back(std::move(textures[i].detail));
    }
    if (round == kRounds) break;
    std::vector<BankEntry> next = a.entries;
    for (std::size_t i = 0; i < mouths.size(); ++i) {
      const BankEntry& now = a.entries[i];
      const auto wanted = a.likeness(now.expression, now.angles, now.seconds, 0);
      if (!wanted) continue;
      a.improve(textures[i], *wanted - a.details[i], picture_motion(a.atlas, mouths[i]),
                mouths[i].params.expression, &next[i].expression);
    }
    a.entries = std::move(next);
  }
}

Eigen::VectorXf MouthAligner::align(const MouthView& mouth, double gap) const {
  const Aligned& a = *aligned_;
  Eigen::VectorXf expression = mouth.params.expression;
  if (!a.enough()) return expression;
  const PictureMotion motion = picture_motion(a.atlas, mouth);
  const Eigen::Vector3f angles = mesh::head_angles(mouth.params.camera_from_head);
  for (int round = 0; round < kRoundsAlone; ++round) {
    const auto wanted = a.likeness(expression, angles, mouth.seconds, gap);
    if (!wanted) return mouth.params.expression;
    const MouthTexture seen = sample_mouth(a.atlas, mouth, expression.head(a.speech));
    a.improve(seen, *wanted - seen.detail, motion, mouth.params.expression, &expression);
  }
  return expression;
}

}  // namespace resyncer::generator
