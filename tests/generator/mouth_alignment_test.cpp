// Mouths whose true shape is known, painted through their meshes, and handed over with the errors of
// landmarks.
#include "resyncer/generator/mouth_alignment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "posed_face.h"

namespace resyncer::generator {
namespace {

constexpr float kDistance = 80, kPxPerCm = 15;

// Skin and lips of a face: colours that depend on where a pixel lies on the face, not on the mouth's shape.
void paint_face(const mesh::Vertices& px, core::ImageU8* picture) {
  const mesh::FaceModel& model = face_model();
  mesh::Raster raster;
  core::ImageF uv;
  mesh::rasterize(model, px, picture->width, picture->height, &raster);
  mesh::interpolate(model, raster, model.uv, &uv);
  for (int y = 0; y < picture->height; ++y)
    for (int x = 0; x < picture->width; ++x) {
      const int triangle = raster.triangle.at(x, y);
      const mesh::Region region = triangle < 0 ? mesh::Region::skirt : model.regions[std::size_t(triangle)];
      const float u = triangle < 0 ? 0 : uv.at(x, y, 0), v = triangle < 0 ? 0 : uv.at(x, y, 1);
      float shade = 150 + 20 * std::sin(60 * u + 35 * v);
      if (region == mesh::Region::lips) shade = 95 + 15 * std::sin(90 * u);
      if (region == mesh::Region::mouth) shade = 35;
      for (int c = 0; c < 3; ++c) picture->at(x, y, c) = std::uint8_t(shade * (c == 0 ? 1.F : 0.85F));
    }
}

struct Person {
  std::vector<MouthView> seen;  // with disturbed expressions
  std::vector<Eigen::VectorXf> truth;
};

Person person(int mouths, float disturbance, unsigned seed = 1) {
  const mesh::FaceModel& model = face_model();
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1);
  const Eigen::VectorXf nobody = Eigen::VectorXf::Zero(model.identity_count());
  Person out;
  for (int i = 0; i < mouths; ++i) {
    MouthView view;
    view.seconds = 0.5 * i;
    view.camera = {kDistance * kPxPerCm, 200, 200};
    view.params.camera_from_head.linear() =
        (Eigen::AngleAxisf(0.05F * normal(random), Eigen::Vector3f::UnitY()) *
         Eigen::AngleAxisf(0.03F * normal(random), Eigen::Vector3f::UnitX()))
            .toRotationMatrix() *
        Eigen::Vector3f(1, -1, -1).asDiagonal();
    view.params.camera_from_head.translation() = Eigen::Vector3f(0, 0, kDistance);
    Eigen::VectorXf expression = (0.1F + 0.12F * std::abs(normal(random))) * model.wide_open;
    for (int k = 0; k < 6; ++k) expression[k] += 0.12F * normal(random);
    out.truth.push_back(expression);
    const auto px = [&](const Eigen::VectorXf& e) {
      return mesh::project(mesh::control_vertices(model, nobody, e), view.params.camera_from_head,
                           view.camera);
    };
    view.picture_from_frame = mouth_from_frame(px(Eigen::VectorXf::Zero(model.expression_count())));
    view.picture = core::ImageU8(kMouthPicture, kMouthPicture, 3);
    paint_face(transform(mesh::dense_vertices(model, px(expression)), view.picture_from_frame),
               &view.picture);
    view.params.expression = expression;
    for (int k = 0; k < 6; ++k) view.params.expression[k] += disturbance * normal(random);
    out.seen.push_back(std::move(view));
  }
  return out;
}

// Root mean square distance of the lips from where they are, mm.
double lip_error(const Eigen::VectorXf& expression, const Eigen::VectorXf& truth) {
  const mesh::FaceModel& model = face_model();
  const Eigen::VectorXf nobody = Eigen::VectorXf::Zero(model.identity_count());
  const mesh::Vertices a = mesh::control_vertices(model, nobody, expression),
                       b = mesh::control_vertices(model, nobody, truth);
  return 10 * std::sqrt((a - b).middleRows(48, 20).leftCols<2>().squaredNorm() / 20);
}

TEST(MouthAlignment, TakesOutTheErrorsOfLandmarks) {
  const Person p = person(40, 0.07F);
  const MouthAligner aligner(face_model(), Eigen::VectorXf::Zero(face_model().identity_count()), p.seen);
  double before = 0, after = 0;
  for (std::size_t i = 0; i < p.seen.size(); ++i) {
    before += lip_error(p.seen[i].params.expression, p.truth[i]) / double(p.seen.size());
    after += lip_error(aligner.expression(i), p.truth[i]) / double(p.seen.size());
  }
  EXPECT_GT(before, 0.5);  // mm: there is something to take out
  EXPECT_LT(after, 0.6 * before);
}

TEST(MouthAlignment, AnotherMouthIsAlignedAsWell) {
  Person p = person(48, 0.07F, 2);
  std::vector<MouthView> others;
  std::vector<Eigen::VectorXf> truth;
  for (int i = 0; i < 8; ++i) {
    others.push_back(p.seen.back());
    truth.push_back(p.truth.back());
    p.seen.pop_back(), p.truth.pop_back();
  }
  const MouthAligner aligner(face_model(), Eigen::VectorXf::Zero(face_model().identity_count()), p.seen);
  double before = 0, after = 0;
  for (std::size_t i = 0; i < others.size(); ++i) {
    before += lip_error(others[i].params.expression, truth[i]);
    after += lip_error(aligner.align(others[i]), truth[i]);
  }
  EXPECT_LT(after, 0.7 * before);
}

TEST(MouthAlignment, LeavesMouthsThatFitAlone) {
  const Person p = person(24, 0);
  const MouthAligner aligner(face_model(), Eigen::VectorXf::Zero(face_model().identity_count()), p.seen);
  double moved = 0;
  for (std::size_t i = 0; i < p.seen.size(); ++i) moved += lip_error(aligner.expression(i), p.truth[i]);
  EXPECT_LT(moved / double(p.seen.size()), 0.3);  // mm; 0.45 px
}

TEST(MouthAlignment, BrowsAndEyesStayAsTheyWere) {
  const Person p = person(16, 0.07F);
  const MouthAligner aligner(face_model(), Eigen::VectorXf::Zero(face_model().identity_count()), p.seen);
  const Eigen::Index upper = face_model().expression_count() - face_model().speech_count;
  for (std::size_t i = 0; i < p.seen.size(); ++i)
    EXPECT_EQ(aligner.expression(i).tail(upper), p.seen[i].params.expression.tail(upper));
}

TEST(MouthAlignment, TooFewMouthsStayAsTheyAre) {
  const Person few = person(6, 0.07F);
  const Eigen::VectorXf nobody = Eigen::VectorXf::Zero(face_model().identity_count());
  const MouthAligner aligner(face_model(), nobody, few.seen);
  for (std::size_t i = 0; i < few.seen.size(); ++i)
    EXPECT_EQ(aligner.expression(i), few.seen[i].params.expression);
  EXPECT_EQ(aligner.align(few.seen[0]), few.seen[0].params.expression);
  const MouthAligner none(face_model(), nobody, {});
  EXPECT_EQ(none.align(few.seen[0]), few.seen[0].params.expression);
  // Enough of them, but none far enough in time.
  const Person some = person(16, 0.07F);
  EXPECT_EQ(MouthAligner(face_model(), nobody, some.seen).align(some.seen[8], 100),
            some.seen[8].params.expression);
}

TEST(MouthAlignment, SurvivesMeshesThatAreNowhere) {
  Person p = person(16, 0.07F);
  p.seen[3].params.camera_from_head.translation() = Eigen::Vector3f(1e9F, 0, 1e-9F);
  p.seen[5].picture_from_frame.linear().setConstant(1e20F);
  const MouthAligner aligner(face_model(), Eigen::VectorXf::Zero(face_model().identity_count()), p.seen);
  EXPECT_TRUE(aligner.expression(8).allFinite());
}

}  // namespace
}  // namespace resyncer::generator
