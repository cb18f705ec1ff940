// Pictures that share the slots: their choice, their trust, and that guidance and patch blend them alike.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <set>

#include "generator/posed_face.h"
#include "resyncer/generator/patch.h"
#include "resyncer/generator/reference_choice.h"

namespace resyncer::generator {
namespace {

constexpr int kSpeech = 6;
const Eigen::Vector3f kFrontal(0, 0, 0);

std::vector<BankEntry> random_bank(int size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<BankEntry> bank(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) {
    BankEntry& e = bank[std::size_t(i)];
    e.seconds = i;
    e.expression = Eigen::VectorXf::NullaryExpr(kSpeech, [&] { return 0.5F * normal(random); });
    e.angles = {4 * normal(random), 4 * normal(random), 0};
    e.openness = std::abs(0.1F * normal(random));
    e.sharpness = 1;
  }
  return bank;
}

const Eigen::VectorXf kRest = Eigen::VectorXf::Zero(kSpeech);
const Eigen::VectorXf kEven = Eigen::VectorXf::Ones(kSpeech);

TEST(Companions, FollowTheReferencesAndAreNoneOfThem) {
  const auto bank = random_bank(60, 1);
  const auto references = choose_references(bank, kRest, kSpeech, kFrontal, {});
  const auto lenders = choose_lenders(bank, kRest, kEven, kFrontal, {});
  ASSERT_EQ(lenders.size(), std::size_t(kLenders));
  EXPECT_TRUE(std::equal(references.begin(), references.end(), lenders.begin()));
  const auto trust = reference_trust(bank, lenders, kRest, kEven, kFrontal);
  std::set<int> distinct(lenders.begin(), lenders.end());
  int without = 0;
  for (std::size_t k = kReferences; k < lenders.size(); ++k) {
    if (trust[k] > 0) continue;
    ++without;  // such a companion repeats its slot's reference
    EXPECT_EQ(lenders[k], lenders[std::size_t(slot_of(int(k)))]);
  }
  EXPECT_EQ(int(distinct.size()), kLenders - without);
  EXPECT_LT(without, 3);
}

TEST(Companions, OfASmallBankAreRepeatedAndCountNothing) {
  const auto bank = random_bank(1, 2);
  const auto lenders = choose_lenders(bank, kRest, kEven, kFrontal, {});
  ASSERT_EQ(lenders, std::vector<int>(kLenders, 0));
  const auto trust = reference_trust(bank, lenders, kRest, kEven, kFrontal);
  for (int k = 0; k < kLenders; ++k) EXPECT_EQ(trust[std::size_t(k)], k < kReferences ? 1.F : 0.F);
  EXPECT_TRUE(choose_lenders({}, kRest, kEven, kFrontal, {}).empty());
}

TEST(Companions, ExcludedSecondsLendNothing) {
  const auto bank = random_bank(60, 3);
  ChoiceOptions options;
  options.exclude_from = 10;
  options.exclude_to = 45;
  std::vector<int> held(kLenders);
  for (int k = 0; k < kLenders; ++k) held[std::size_t(k)] = 12 + k;  // in use before, and now excluded
  for (int i : choose_lenders(bank, bank[25].expression, kEven, kFrontal, held, options))
    EXPECT_TRUE(i < 10 || i > 45) << i;
}

TEST(Companions, KeepTheirPlacesWhileTheMouthMoves) {
  const auto bank = random_bank(90, 4);
  std::vector<int> last;
  int moved = 0, kept = 0;
  for (int frame = 0; frame < 200; ++frame) {
    Eigen::VectorXf expression = kRest;
    expression[0] = 0.5F * std::sin(0.05F * float(frame));
    const auto lenders = choose_lenders(bank, expression, kEven, kFrontal, last);
    for (std::size_t k = kReferences; k < last.size(); ++k) {
      const auto now = std::find(lenders.begin() + kReferences, lenders.end(), last[k]);
      if (now == lenders.end()) continue;  // given up, or a reference now
      const bool repeats = last[k] == last[std::size_t(slot_of(int(k)))];
      if (!repeats) ++(now - lenders.begin() == std::ptrdiff_t(k) ? kept : moved);
    }
    last = lenders;
  }
  EXPECT_EQ(moved, 0);
  EXPECT_GT(kept, 500);
}

TEST(Companions, NoPictureComesOrGoesAllAtOnce) {
  const auto bank = random_bank(90, 5);
  std::vector<float> last;
  std::vector<int> before;
  for (int frame = 0; frame < 200; ++frame) {
    Eigen::VectorXf expression = kRest;
    expression[0] = 0.002F * float(frame);
    const auto lenders = choose_lenders(bank, expression, kEven, kFrontal, before);
    before = lenders;
    const auto trust = reference_trust(bank, lenders, expression, kEven, kFrontal);
    std::vector<float> of_entry(bank.size(), 0.F);
    float sum = 0;
    for (std::size_t k = 0; k < lenders.size(); ++k)
      of_entry[std::size_t(lenders[k])] += trust[k], sum += trust[k];
    for (float& value : of_entry) value /= sum;
    for (std::size_t i = 0; i < last.size(); ++i) ASSERT_NEAR(of_entry[i], last[i], 0.12F) << frame;
    last = of_entry;
  }
}

TEST(MeanDoubt, IsAboutOneAmongTheReferencesAndMoreFarFromThem) {
  const auto bank = random_bank(40, 6);
  const auto lenders = choose_lenders(bank, kRest, kEven, kFrontal, {});
  const float among = mean_doubt(bank, lenders, kRest, kEven, kFrontal);
  EXPECT_GT(among, 0.7F);
  EXPECT_LT(among, 1.6F);
  Eigen::VectorXf wide = kRest;
  wide[0] = 8;
  EXPECT_GT(mean_doubt(bank, choose_lenders(bank, wide, kEven, kFrontal, {}), wide, kEven, kFrontal),
            1.5F * among);
  EXPECT_EQ(mean_doubt(bank, {3, 3, 3, 3}, kRest, kEven, kFrontal), kNoLimit);
}

// A frame, its mesh, and pictures of one colour each to paint it with.
struct Scene {
  Pose pose{12, -4, 8, 15, {150, 150}, 0.6F};
  mesh::Vertices control = transform(pose_face(pose), map()),
                 dense = mesh::dense_vertices(face_model(), control);
  core::ImageU8 crop = core::ImageU8(256, 256, 3, 100);
  core::ImageF mask{256, 256, 1};
  std::vector<core::Point2> polygon = mask_polygon(transform(pose_face(shut()), map()), control, control);
  std::vector<Reference> pictures;
  std::vector<float> trust;
  GuidanceScratch scratch;
  Guidance guidance;

  Scene() { fill_mask(polygon, {0, 0}, 0, &mask); }
  Pose shut() const {
    Pose p = pose;
    p.open = 0;
    return p;
  }
  core::Affine2 map() const { return crop_from_frame(pose_face(shut()), 256); }
  std::vector<const Reference*> lenders() const {
    std::vector<const Reference*> list;
    for (const Reference& picture : pictures) list.push_back(&picture);
    return list;
  }
  const Guidance& build() {
    build_guidance(face_model(), {&crop, &mask, &dense, lenders(), trust}, &scratch, &guidance);
    return guidance;
  }
};

// Companions 4 and 7 share slot 0 with reference 0.
TEST(Companions, ASlotHoldsTheMeanOfThoseThatShareIt) {
  Scene scene;
  for (int k = 0; k < kLenders; ++k)
    scene.pictures.push_back({core::ImageU8(256, 256, 3, std::uint8_t(60 + 10 * k)), scene.dense});
  scene.trust = {0.5F, 0.6F, 0.4F, 0.3F, 0.25F, 0, 0.2F, 0.25F, 0.2F, 0};
  const Guidance& g = scene.build();
  const std::array<float, kReferences> total{1, 0.8F, 0.6F, 0.3F};
  const std::array<float, kReferences> mean{(0.5F * 60 + 0.25F * 100 + 0.25F * 130) / 1.F,
                                            (0.6F * 70 + 0.2F * 140) / 0.8F, (0.4F * 80 + 0.2F * 120) / 0.6F,
                                            90};
  int pixels = 0;
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      if (scene.mask.at(x, y) == 0 || scene.scratch.raster.triangle.at(x, y) < 0) continue;
      ++pixels;
      for (int slot = 0; slot < kReferences; ++slot) {
        const float *p = &g.planes.at(x, y, 6 + 4 * slot), *light = &g.light.at(x, y, 3 * slot);
        ASSERT_NEAR((p[0] - light[0]) * 255, mean[std::size_t(slot)], 0.1F) << slot;
        ASSERT_NEAR(p[3], total[std::size_t(slot)], 1e-5F) << slot;
      }
    }
  EXPECT_GT(pixels, 10000);
}

TEST(Companions, InTheMouthThoseWithAnOpenOneCount) {
  Scene scene;
  Pose closed = scene.shut();
  const mesh::Vertices shut = mesh::dense_vertices(face_model(), transform(pose_face(closed), scene.map()));
  for (int k = 0; k < kLenders; ++k) {
    const bool open = k == 4;
    scene.pictures.push_back({core::ImageU8(256, 256, 3, open ? 200 : 80), open ? scene.dense : shut});
  }
  scene.trust = {0.5F, 1, 1, 1, 0.5F, 0, 0, 0, 0, 0};
  const Guidance& g = scene.build();
  double inside = 0, skin = 0;
  int in = 0, out = 0;
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      if (scene.mask.at(x, y) == 0 || scene.scratch.raster.triangle.at(x, y) < 0) continue;
      const double colour = 255 * double(g.planes.at(x, y, 6) - g.light.at(x, y, 0));
      if (g.planes.at(x, y, 5) > 0)
        inside += colour, ++in;
      else if (face_model().regions[std::size_t(scene.scratch.raster.triangle.at(x, y))] ==
               mesh::Region::lips)
        skin += colour, ++out;
    }
  ASSERT_GT(in, 100);
  ASSERT_GT(out, 100);
  EXPECT_GT(inside / in, 175);
  EXPECT_NEAR(skin / out, 140, 2);
}

// The patch repeats at full resolution what the guidance showed: with the painting's weights on one slot, the
// slot's picture.
TEST(Companions, ThePatchBlendsThemAsTheGuidanceDoes) {
  Scene scene;
  std::mt19937 random(3);
  for (int k = 0; k < kLenders; ++k) {
    Pose other = scene.pose;
    other.open = 0.1F * float(k);
    other.yaw += 4 * float(k % 3);
    const mesh::Vertices dense = mesh::dense_vertices(face_model(), transform(pose_face(other), scene.map()));
    scene.pictures.push_back({smooth_picture(256, 256, 30 + float(random() % 20)), dense});
    scene.trust.push_back(0.1F * float(1 + random() % 9));
  }
  const Guidance& g = scene.build();
  Painting painting{core::ImageF(256, 256, kReferences), core::ImageF(256, 256, 3), {}};
  for (int slot = 0; slot < kReferences; ++slot) {
    for (std::size_t i = 0; i < painting.weights.data.size(); ++i)
      painting.weights.data[i] = int(i % kReferences) == slot ? 1.F : 0.F;
    PatchInput input;
    input.painting = &painting;
    input.crop_from_frame = core::Affine2::Identity();
    input.target = &scene.dense;
    input.mask = scene.polygon;
    input.references = scene.lenders();
    input.trust = scene.trust;
    input.frame_width = input.frame_height = 256;
    core::Patch patch;
    GuidanceScratch scratch;
    make_patch(face_model(), input, &scratch, &patch);
    double squares = 0;
    int pixels = 0;
    for (int y = 0; y < patch.rgb.height; ++y)
      for (int x = 0; x < patch.rgb.width; ++x) {
        const int u = x + patch.roi.left, v = y + patch.roi.top;
        if (scene.mask.at(u, v) == 0 || g.planes.at(u, v, 6 + 4 * slot + 3) < 0.05F) continue;
        const float difference =
            patch.rgb.at(x, y, 1) - (g.planes.at(u, v, 6 + 4 * slot + 1) - g.light.at(u, v, 3 * slot + 1));
        squares += double(difference) * double(difference);
        ++pixels;
      }
    EXPECT_GT(pixels, 10000);
    EXPECT_LT(std::sqrt(squares / pixels), 5.0 / 255) << slot;  // the detail is the strongest lender's
  }
}

// The first coefficient opens the jaw, the last hardly shows: a mean of pictures must mind the first.
TEST(MouthWeights, GoByWhatIsSeen) {
  const Eigen::VectorXf weights = mouth_weights(face_model());
  ASSERT_EQ(weights.size(), face_model().speech_count);
  EXPECT_NEAR(weights.mean(), 1, 1e-4F);
  EXPECT_GT(weights.minCoeff(), 0);
  EXPECT_GT(weights[0], 5 * weights[weights.size() - 1]);
}

TEST(MouthWeights, DecideWhoIsLike) {
  std::vector<BankEntry> bank(8, random_bank(1, 6).front());
  for (std::size_t i = 0; i < bank.size(); ++i) {
    bank[i].seconds = double(i);
    bank[i].angles = kFrontal;
    bank[i].expression = Eigen::VectorXf::Zero(kSpeech);
    bank[i].expression[i % 2 == 0 ? 0 : 1] = 1 + 0.01F * float(i);
  }
  Eigen::VectorXf seen = kEven;
  seen[1] = 0.01F;  // what differs in the second is hardly seen
  const std::vector<int> pair{0, 1, 2, 3};
  const auto trust = reference_trust(bank, pair, kRest, seen, kFrontal);
  EXPECT_GT(trust[1] + trust[3], 2 * (trust[0] + trust[2]));
}

}  // namespace
}  // namespace resyncer::generator
