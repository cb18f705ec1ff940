#include "resyncer/motion/rest_pose.h"

#include <gtest/gtest.h>

#include <cmath>

namespace resyncer::motion {
namespace {

// One coefficient: the openness itself.
float rest_of(const std::vector<float>& openness) {
  Coefficients meshes(Eigen::Index(openness.size()), 1);
  for (std::size_t i = 0; i < openness.size(); ++i) meshes(Eigen::Index(i), 0) = openness[i];
  return rest_pose(meshes, openness, Eigen::VectorXf::Ones(1))[0];
}

std::vector<float> talk(int frames) {
  std::vector<float> out;
  for (int i = 0; i < frames; ++i) out.push_back(0.2F + 0.19F * std::sin(1.3F * float(i)));
  return out;
}

void keep(float openness, int frames, std::vector<float>* out) {
  for (int i = 0; i < frames; ++i) out->push_back(openness + (i % 2 == 0 ? 0.004F : -0.004F));
}

TEST(RestPose, IsWhereAMouthKeepsStillNotItsTightestClosure) {
  std::vector<float> openness = talk(100);  // closes to 0.01 in speech
  keep(0.11F, 30, &openness);
  EXPECT_NEAR(rest_of(openness), 0.108F, 0.003F);
}

TEST(RestPose, OfTwoStillMouthsIsTheMoreClosed) {
  std::vector<float> openness;
  keep(0.18F, 20, &openness);  // waiting for its turn
  for (float o : talk(60)) openness.push_back(o);
  keep(0.05F, 24, &openness);
  EXPECT_NEAR(rest_of(openness), 0.05F, 0.005F);
}

TEST(RestPose, OfAMouthHeldOpenIsNotTaken) {
  std::vector<float> openness;
  keep(0.3F, 40, &openness);
  for (float o : talk(100)) openness.push_back(o);
  EXPECT_LT(rest_of(openness), 0.05F) << "the most closed tenth of the talk";
}

TEST(RestPose, OfATalkWithoutPauseIsTheMostClosedTenth) {
  EXPECT_LT(rest_of(talk(200)), 0.03F);
  EXPECT_GT(rest_of(talk(200)), 0.0F);
}

TEST(RestPose, OfASmileThatNeverShutsHasTheLipsDrawnTogether) {
  Coefficients meshes(50, 2);  // the openness, and the corners of the mouth
  std::vector<float> openness;
  for (int i = 0; i < 50; ++i) {
    openness.push_back(0.4F + 0.05F * std::sin(float(i)));
    meshes.row(i) << openness.back(), 2;
  }
  Eigen::VectorXf rest = rest_pose(meshes, openness, Eigen::Vector2f(1, 0));
  EXPECT_NEAR(rest[0], 0.12F, 1e-3F);
  EXPECT_NEAR(rest[1], 2, 1e-4F) << "she goes on smiling";
  EXPECT_EQ(rest_of({}), 0.0F);
}

}  // namespace
}  // namespace resyncer::motion
