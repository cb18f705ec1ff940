#include "resyncer/motion/sync_former.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>

#include "resyncer/nets/sync_former.h"
#include "support/scratch_folder.h"

namespace resyncer::motion {
namespace {

nets::SyncFormerConfig small_config() {
  nets::SyncFormerConfig c;
  c.coefficients = 6;
  c.components = 4;
  c.audio = 16;
  c.width = 32;
  c.feed_forward = 48;
  c.history = 5;
  c.reach = 4;
  return c;
}

nets::MotionNetworks random_networks(const nets::SyncFormerConfig& c, float spread) {
  torch::manual_seed(11);
  torch::NoGradGuard no_grad;
  nets::MotionNetworks networks({80, c.audio, 4}, c);
  for (auto& p : networks.former->parameters()) p.add_(torch::randn_like(p) * spread);
  networks.former->mean_mesh.copy_(torch::randn({c.coefficients}) * 0.3);
  torch::Tensor basis = torch::randn({c.coefficients, c.components});
  networks.former->motion_basis.copy_(basis);
  networks.former->motion_from_mesh.copy_(torch::pinverse(basis));
  networks.former->eval();
  return networks;
}

// At rest as people's mean: a speaker of no shape of his own.
Eigen::VectorXf mean_of(const nets::MotionNetworks& networks) {
  torch::Tensor mean = networks.former->mean_mesh.contiguous();
  return Eigen::Map<const Eigen::VectorXf>(mean.data_ptr<float>(), mean.numel());
}

core::FeatureSequence random_features(int frames, int dims) {
  torch::Tensor values = torch::randn({frames, dims});
  core::FeatureSequence out{frames, dims, 50, std::vector<float>(std::size_t(frames) * std::size_t(dims))};
  std::copy_n(values.data_ptr<float>(), out.values.size(), out.values.begin());
  return out;
}

class Motion : public testing::Test {
 protected:
  support::ScratchFolder folder;
  std::filesystem::path path = folder / "motion.safetensors";
};

// The roll-out with cached keys and values is a fixed point of the parallel forward pass: fed its own meshes
// as history, the network gives the same meshes again.
TEST_F(Motion, CachedRollOutEqualsTheFullForward) {
  for (std::int64_t direct : {0, 1}) {
    auto c = small_config();
    c.direct = direct;
    auto networks = random_networks(c, 0.1F);
    nets::save_motion_networks(path, networks, nets::Precision::full);
    StyleSyncFormer former(path);
    const int frames = 600;  // more than two blocks of audio
    auto features = random_features(2 * frames, int(c.audio));
    auto track = former.predict(features, {}, {}, mean_of(networks));
    ASSERT_EQ(track.expression.rows(), frames);

    torch::NoGradGuard no_grad;
    torch::Tensor meshes = torch::from_blob(track.expression.data(), {1, frames, 6}).clone();
    torch::Tensor past = torch::cat({torch::zeros({1, 1, 6}), meshes.slice(1, 0, frames - 1)}, 1);
    torch::Tensor known = torch::ones({1, frames});
    known[0][0] = 0;
    torch::Tensor audio = torch::from_blob(features.values.data(), {1, 2 * frames, c.audio});
    audio = torch::constant_pad_nd(audio, {0, 0, c.reach - 1, c.reach - 1});
    torch::Tensor inside = torch::constant_pad_nd(torch::ones({1, 2 * frames}), {c.reach - 1, c.reach - 1});
    torch::Tensor again = networks.former(past, known, audio, inside, networks.former->no_style(1));
    EXPECT_LT((again - meshes).abs().max().item<float>(), 1e-4) << "direct " << direct;
    EXPECT_GT(meshes.std(1).mean().item<float>(), 1e-3);
  }
}

TEST_F(Motion, StyleAndAudioMatterAndPrecisionIsHalf) {
  auto networks = random_networks(small_config(), 0.3F);
  nets::save_motion_networks(path, networks);
  StyleSyncFormer former(path);
  EXPECT_EQ(former.coefficient_count(), 6);
  auto features = random_features(41, 16);
  Eigen::VectorXf rest = Eigen::VectorXf::Zero(6);
  auto plain = former.predict(features, {}, {}, rest).expression;
  EXPECT_EQ(plain.rows(), 21);
  EXPECT_EQ(plain, former.predict(features, {}, {}, rest).expression);
  for (int length : {1, 30, 75, 76, 2000}) {
    Coefficients style = Coefficients::Constant(length, 6, 1.5F);
    auto styled = former.predict(features, style, {}, rest).expression;
    EXPECT_GT((styled - plain).cwiseAbs().maxCoeff(), 1e-3F) << length;
  }
  EXPECT_EQ(former.predict(core::FeatureSequence{}, {}, {}, rest).expression.rows(), 0);
}

// Displacements of a mesh that no real mouth makes, a row each.
Eigen::MatrixXf unusual(const nets::MotionNetworks& networks) {
  const auto& c = networks.former->config();
  torch::Tensor basis = networks.former->motion_basis.t().contiguous();  // its columns, as rows
  Eigen::Map<const Coefficients> rows(basis.data_ptr<float>(), c.components, c.coefficients);
  return Eigen::FullPivLU<Eigen::MatrixXf>(rows).kernel().transpose();
}

TEST_F(Motion, MouthsMoveAsRealOnesDoAboutTheSpeakersOwnMean) {
  auto networks = random_networks(small_config(), 0.3F);
  networks.former->opening.copy_(torch::tensor({0.05F, 0.F, -0.02F, 0.F, 0.03F, 0.F}));
  nets::save_motion_networks(path, networks, nets::Precision::full);
  StyleSyncFormer former(path);
  const Eigen::MatrixXf never = unusual(networks);
  ASSERT_EQ(never.rows(), 2);
  Coefficients style = Coefficients::Random(200, 6);
  style.col(1).array() += 3;
  auto features = random_features(500, 16);
  const Eigen::VectorXf rest = Eigen::VectorXf::LinSpaced(6, -2, 2);
  for (const Coefficients& s : {Coefficients(), style}) {
    auto meshes = former.predict(features, s, {}, rest).expression;
    const Eigen::MatrixXf shape = never * meshes.transpose();
    const Eigen::VectorXf mean = shape.rowwise().mean();
    EXPECT_LT((shape.colwise() - mean).cwiseAbs().maxCoeff(), 1e-4F);  // the shape does not move
    const Eigen::VectorXf own = s.rows() > 0 ? Eigen::VectorXf(s.colwise().mean().transpose()) : rest;
    EXPECT_LT((mean - never * own).norm(), 1e-3F);  // and is the speaker's
    EXPECT_GT((meshes.rowwise() - meshes.colwise().mean()).cwiseAbs().maxCoeff(), 0.1F);
  }
}

TEST_F(Motion, AStreamGivesTheSameBits) {
  auto c = small_config();
  c.direct = 1;
  nets::save_motion_networks(path, random_networks(c, 0.3F));
  StyleSyncFormer former(path);
  Eigen::VectorXf rest = Eigen::VectorXf::LinSpaced(6, -1, 1);
  const Coefficients style = Coefficients::Random(60, 6);
  for (int count : {0, 1, 2, 511, 515, 516, 3001}) {
    auto features = random_features(count, 16);
    std::vector<bool> speaking(std::size_t(count), true);
    for (int i = count / 3; i < count / 2; ++i) speaking[std::size_t(i)] = false;
    auto whole = former.predict(features, style, speaking, rest).expression;
    EXPECT_EQ(whole.rows(), (count + 1) / 2);
    for (int piece : {1, 5, 700}) {
      StyleSyncFormer::Stream stream(former, style);
      for (int at = 0; at < count; at += piece) {
        int n = std::min(piece, count - at);
        stream.push({n, 16, 50, {features.row(at), features.row(at) + std::ptrdiff_t(n) * 16}});
      }
      EXPECT_EQ(stream.finish(speaking, rest).expression, whole) << count << " in pieces of " << piece;
    }
  }
}

TEST_F(Motion, TheLipsOpenAsFarAsTheSpeakers) {
  torch::NoGradGuard no_grad;
  auto networks = random_networks(small_config(), 0.3F);
  for (auto* layer : {&networks.former->style_in, &networks.former->gain})  // the code itself changes nothing
    for (auto& p : (*layer)->parameters()) p.zero_();
  networks.former->opening.copy_(torch::tensor({0.05F, 0.F, -0.02F, 0.F, 0.F, 0.F}));
  networks.former->opening_at_rest.fill_(0.02F);
  nets::save_motion_networks(path, networks, nets::Precision::full);
  StyleSyncFormer former(path);
  auto features = random_features(1200, 16);
  Eigen::VectorXf rest = mean_of(networks), opening(6);
  opening << 0.05F, 0, -0.02F, 0, 0, 0;
  torch::Tensor usual_way = torch::mv(networks.former->motion_basis,
                                      torch::mv(networks.former->motion_basis.t(), networks.former->opening));
  Eigen::VectorXf lift = Eigen::Map<const Eigen::VectorXf>(usual_way.data_ptr<float>(), 6);
  lift /= lift.dot(opening);
  auto deciles = [&](const Coefficients& meshes) {
    Eigen::VectorXf o = meshes * opening;
    std::sort(o.data(), o.data() + o.size());
    return std::pair<float, float>{o[o.size() / 10], o[o.size() * 9 / 10]};
  };
  auto free = former.predict(features, {}, {}, rest).expression;  // the usual deviation is not known
  auto [low, high] = deciles(free);
  // Speakers who open the mouth less and more, about another middle.
  for (float ratio : {0.8F, 1.5F, 2.F}) {
    Coefficients style = Coefficients::Zero(100, 6);
    for (int t = 0; t < 100; ++t)
      style(t, 0) = (ratio * 0.5F * (high - low) * float(std::sin(t * 0.3)) + 0.05F) / 0.05F;
    auto meshes = former.predict(features, style, {}, rest).expression;
    auto is = deciles(meshes), wanted = deciles(style);
    const float range = wanted.second - wanted.first;
    EXPECT_NEAR(is.first, wanted.first, 0.1F * range) << ratio;
    EXPECT_NEAR(is.second, wanted.second, 0.1F * range) << ratio;
    // Lips do not pass through each other.
    EXPECT_GE((meshes * opening).minCoeff(), std::min(-0.02F, (style * opening).minCoeff()) - 1e-4F);
    // Nothing else is invented: what differs from a scaled and shifted guess lies along the usual opening.
    auto without_opening = [&](const Coefficients& m) {
      Coefficients left = m - (m * opening) * lift.transpose();
      left.rowwise() -= left.colwise().mean();
      return left;
    };
    const Coefficients a = without_opening(free), b = without_opening(meshes);
    EXPECT_GT(a.cwiseProduct(b).sum() / (a.norm() * b.norm()), 0.9999F);
  }
  // A few meshes show no manner.
  EXPECT_EQ(former.predict(features, Coefficients(Coefficients::Constant(10, 6, 0.3F)), {}, rest).expression,
            free);

  // Without a speaker the usual deviation counts.
  networks.former->opening_deviation.fill_(1.5F * (high - low) / 2.6F);
  nets::save_motion_networks(path, networks, nets::Precision::full);
  auto usual = deciles(StyleSyncFormer(path).predict(features, {}, {}, rest).expression);
  EXPECT_NEAR(usual.second - std::max(usual.first, -0.02F),
              std::min(1.5F * (high - low), usual.second + 0.02F), 0.15F * (high - low));
}

// They come together and part over two frames on either side, and are left alone elsewhere; where the mouth
// is as wide open as it gets, less is believed.
TEST_F(Motion, LipsMeetWhereTheSoundTellsOfBilabials) {
  torch::NoGradGuard no_grad;
  auto networks = random_networks(small_config(), 0.3F);
  networks.former->opening.copy_(torch::tensor({0.05F, 0.F, -0.02F, 0.F, 0.F, 0.F}));
  networks.former->opening_at_rest.fill_(0.5F);
  auto features = random_features(400, 16);
  std::vector<int> told = {40, 41, 160, 161, 162};
  for (int t = 0; t < 200; t += 7) told.push_back(t);
  auto nearest_told = [&](int t) {
    int least = 200;
    for (int other : told) least = std::min(least, std::abs(t - other));
    return least;
  };
  for (int t = 0; t < 200; ++t)
    features.values[std::size_t(2 * t * features.dims)] = nearest_told(t) == 0 ? 1.F : -1.F;
  const Eigen::VectorXf rest = mean_of(networks);
  Eigen::VectorXf opening(6);
  opening << 0.05F, 0, -0.02F, 0, 0, 0;
  auto openings = [&](float rest_opening) -> Eigen::VectorXf {
    nets::save_motion_networks(path, networks, nets::Precision::full);
    return StyleSyncFormer(path).predict(features, {}, {}, rest, rest_opening).expression * opening;
  };
  const Eigen::VectorXf free = openings(0);
  // The first channel of a frame's first feature tells.
  networks.former->closure.zero_();
  networks.former->closure[0] = 100;
  const float apart = 0.1F, touching = rest.dot(opening) - apart + 0.03F;
  const Eigen::VectorXf is = openings(apart);
  // How far an opening has come from where it was to where lips touch.
  auto closed = [&](int t) { return (free[t] - is[t]) / (free[t] - touching); };
  // From its upper decile on an opening contradicts what is told, and it is followed less.
  std::vector<float> sorted(free.data(), free.data() + free.size());
  std::sort(sorted.begin(), sorted.end());
  auto believed = [&](int t) { return free[t] - touching < 0.65F * (sorted[179] - touching); };
  int counted = 0, denied = 0;
  for (int t = 0; t < 200; ++t) {
    const int from = nearest_told(t);
    if (free[t] <= touching + 0.01F) {
      EXPECT_LE(is[t], std::max(free[t], touching) + 1e-5F) << t;  // lips already shut are not opened
    } else if (from > 2) {
      EXPECT_EQ(is[t], free[t]) << t;
    } else if (from == 0 && believed(t)) {
      EXPECT_NEAR(closed(t), 1, 1e-3F) << t;
      for (int k : {1, 2})
        for (int other : {t - k, t + k}) {
          if (other < 0 || other > 199 || nearest_told(other) != k || free[other] <= touching + 0.01F)
            continue;
          ++counted;
          EXPECT_GE(closed(other), k == 1 ? 0.5F : 0.1F) << other;
          EXPECT_LE(closed(other), k == 1 ? 0.85F : 0.5F) << other;
        }
    } else if (from == 0 && free[t] > sorted[185]) {
      ++denied;
      EXPECT_LT(closed(t), 0.85F) << t;
    }
  }
  EXPECT_GT(counted, 15);
  EXPECT_GT(denied, 0);
}

// Not by the jaw, where the weights know better.
TEST_F(Motion, LipsThatMeetMoveTheWayTheyPart) {
  torch::NoGradGuard no_grad;
  auto networks = random_networks(small_config(), 0.3F);
  networks.former->opening.copy_(torch::tensor({0.05F, 0.F, -0.02F, 0.F, 0.F, 0.F}));
  networks.former->opening_at_rest.fill_(0.5F);
  networks.former->closure.zero_();
  networks.former->closure[networks.former->closure.numel() - 1] = 100;  // shut throughout
  const auto features = random_features(80, 16);
  const Eigen::VectorXf rest = mean_of(networks);
  auto meshes = [&] {
    nets::save_motion_networks(path, networks, nets::Precision::full);
    return StyleSyncFormer(path).predict(features, {}, {}, rest, 0.1F).expression;
  };
  const Coefficients usual = meshes();
  Eigen::VectorXf parting(6);
  parting << 8, 3, -30, 0, 2, 0;  // opens by 1
  networks.former->parting.copy_(torch::tensor({8.F, 3.F, -30.F, 0.F, 2.F, 0.F}));
  EXPECT_EQ(StyleSyncFormer(path).lips_parting().size(), 6);
  const Coefficients own = meshes();
  EXPECT_TRUE(StyleSyncFormer(path).lips_parting().isApprox(parting));
  networks.former->closure.zero_();
  networks.former->closure[networks.former->closure.numel() - 1] = -100;
  const Coefficients free = meshes();
  Eigen::VectorXf opening(6);
  opening << 0.05F, 0, -0.02F, 0, 0, 0;
  int moved = 0;
  for (Eigen::Index t = 0; t < free.rows(); ++t) {
    const Eigen::VectorXf change = (free.row(t) - own.row(t)).transpose();
    EXPECT_TRUE((change - change.dot(opening) * parting).isZero(1e-4F)) << t;
    EXPECT_NEAR(own.row(t).dot(opening), usual.row(t).dot(opening), 1e-4F) << t << ": they meet as before";
    moved += change.dot(opening) > 0.01F ? 1 : 0;
  }
  EXPECT_GT(moved, 10);
}

TEST_F(Motion, WithoutSpeechTheMouthComesToRest) {
  auto networks = random_networks(small_config(), 0.3F);
  nets::save_motion_networks(path, networks);
  StyleSyncFormer former(path);
  auto features = random_features(200, 16);
  Eigen::VectorXf rest = Eigen::VectorXf::LinSpaced(6, -1, 1);
  std::vector<bool> speaking(200, false);
  for (int i = 60; i < 100; ++i) speaking[std::size_t(i)] = true;  // frames 30 to 49
  auto gated = former.predict(features, {}, speaking, rest).expression;
  auto free = former.predict(features, {}, {}, rest).expression;
  auto gap = [&](int t) { return (gated.row(t) - rest.transpose()).cwiseAbs().maxCoeff(); };
  for (int t : {0, 20, 27, 54, 60, 99}) EXPECT_EQ(gap(t), 0) << t;
  for (int t = 30; t < 50; ++t) EXPECT_EQ(gated.row(t), free.row(t));
  EXPECT_GT(gap(51), 0);
  auto still = former.predict(features, {}, std::vector<bool>(200, false), rest).expression;
  for (int t = 0; t < 100; ++t) EXPECT_EQ(still.row(t), rest.transpose());
}

TEST_F(Motion, MisfitsAreRefused) {
  EXPECT_THROW(StyleSyncFormer("/nonexistent"), core::Error);
  nets::save_motion_networks(path, random_networks(small_config(), 0.1F));
  StyleSyncFormer former(path);
  Eigen::VectorXf rest = Eigen::VectorXf::Zero(6);
  EXPECT_THROW(former.predict(random_features(10, 15), {}, {}, rest), core::Error);
  EXPECT_THROW(former.predict(random_features(10, 16), Coefficients(Coefficients::Zero(3, 7)), {}, rest),
               core::Error);
  EXPECT_THROW(former.predict(random_features(10, 16), {}, {}, Eigen::VectorXf::Zero(5)), core::Error);
  EXPECT_THROW(former.predict(random_features(10, 16), {}, std::vector<bool>(9, true), rest), core::Error);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 100);
  EXPECT_THROW(StyleSyncFormer{path}, core::Error);
}

TEST_F(Motion, RollOutIsFastAndCostsTheSamePerFrameAtAnyLength) {
  nets::SyncFormerConfig c;
  nets::save_motion_networks(path, random_networks(c, 0.01F));
  StyleSyncFormer former(path);
  auto milliseconds = [&](int frames) {
    auto features = random_features(2 * frames, int(c.audio));
    auto begin = std::chrono::steady_clock::now();
    former.predict(features, {}, {}, Eigen::VectorXf::Zero(c.coefficients));
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count() /
           frames;
  };
  milliseconds(100);
  double brief = milliseconds(250), lengthy = milliseconds(2500);
  std::cout << "roll-out: " << brief << " ms a frame over 10 s, " << lengthy << " over 100 s\n";
  RecordProperty("ms_per_frame", std::to_string(lengthy));
  EXPECT_LT(lengthy, 3 * brief);  // generous: the machine may be busy
}

TEST(Sample, IsCubicInsideAndRestsOutside) {
  MotionTrack track;
  track.expression.resize(20, 2);
  for (int i = 0; i < 20; ++i) track.expression.row(i) << float(i), float(i * i);
  Eigen::VectorXf rest = Eigen::VectorXf::Constant(2, -7);
  // Exact at the frames, and for a line and a parabola in between too.
  for (double frame : {2.0, 5.25, 9.5, 16.9}) {
    auto value = sample(track, {(frame + 0.5) / 25}, rest);
    EXPECT_NEAR(value(0, 0), frame, 1e-4);
    EXPECT_NEAR(value(0, 1), frame * frame, 1e-3);
  }
  auto outside = sample(track, {-1, -0.121, 0.921, 5, std::nan("")}, rest);
  for (int i = 0; i < outside.rows(); ++i) EXPECT_EQ(outside(i, 0), -7) << i;
  // No step at the edges.
  auto edge = sample(track, {-0.001, 0.0, 0.8, 0.801}, rest);
  EXPECT_NEAR(edge(0, 0), edge(1, 0), 0.01);
  EXPECT_NEAR(edge(2, 0), edge(3, 0), 0.01);
  EXPECT_EQ(sample(MotionTrack{}, {0.5}, rest)(0, 0), -7);
  track.expression.conservativeResize(1, 2);
  EXPECT_EQ(sample(track, {0.02}, rest)(0, 0), 0);
}

}  // namespace
}  // namespace resyncer::motion
