// How well single frames are fitted, against known 3D faces: the figures of the requirement (mean 3D landmark
// error at most 8 % of the inter-ocular distance after similarity alignment, mean rotation error at most 3
// degrees).
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mesh/random_face.h"

namespace resyncer::mesh {
namespace {

constexpr int kFaces = 200;

const FaceModel& committed_model() {
  static const FaceModel model = load_face_model(RESYNCER_SOURCE_DIR "/models/face-model.safetensors");
  return model;
}

struct Figures {
  FaceError fitted;
  float mean_face = 0;  // the 3D error if every face were answered with the model's neutral one
};

Figures measure(const std::vector<KnownFace>& faces) {
  Figures mean;
  for (const KnownFace& face : faces) {
    TrackFit fit = fit_track(committed_model(), {ShotInput{{face.observed}}}, kFrameWidth, kFrameHeight);
    FaceError error = error_of(committed_model(), fit, *fit.shots[0][0], face);
    mean.fitted.shape += error.shape / float(faces.size());
    mean.fitted.rotation += error.rotation / float(faces.size());
    FaceParams blank = *fit.shots[0][0];
    fit.identity.setZero();
    blank.expression.setZero();
    mean.mean_face += error_of(committed_model(), fit, blank, face).shape / float(faces.size());
  }
  return mean;
}

// Faces differ by less than the requirement allows: the mean face alone would meet its 8 %. So the fit must
// also be clearly nearer to the truth than the mean face is.
void expect_accurate(const std::string& name, const Figures& mean) {
  std::printf(
      "[ figures  ] %s: 3D error %.2f %% of the inter-ocular distance (mean face %.2f), rotation %.2f "
      "degrees\n",
      name.c_str(), 100 * double(mean.fitted.shape), 100 * double(mean.mean_face),
      double(mean.fitted.rotation));
  EXPECT_LE(mean.fitted.shape, 0.08F);
  EXPECT_LE(mean.fitted.rotation, 3.F);
  EXPECT_LE(mean.fitted.shape, 0.75F * mean.mean_face);
}

// ICT-FaceKit's figures, where ../shared is there.
class IctFaces {
 public:
  static std::filesystem::path path() { return RESYNCER_SOURCE_DIR "/../shared/data/ict_landmarks.json"; }
  IctFaces() {
    std::ifstream stream(path());
    nlohmann::json json = nlohmann::json::parse(stream);
    neutral_ = points(json.at("neutral"));
    for (const auto& item : json.at("identity")) identities_.push_back(points(item));
    for (const auto& [name, item] : json.at("expression").items()) expressions_[name] = points(item);
  }

  // Weights N(0, 1) on the identities [first, last); five random expressions at strengths in [0, 1]
  // (mouthClose undoes jawOpen and never exceeds it, as in ICT-FaceKit's own use).
  Points68 random_face(std::size_t first, std::size_t last, std::mt19937* random) const {
    std::normal_distribution<float> normal;
    std::uniform_real_distribution<float> uniform;
    Points68 face = neutral_;
    for (std::size_t i = first; i < last; ++i) face += normal(*random) * identities_[i];
    std::map<std::string, float> strength;
    for (int k = 0; k < 5; ++k) {
      auto pick =
          std::next(expressions_.begin(), std::ptrdiff_t(uniform(*random) * float(expressions_.size())) %
                                              std::ptrdiff_t(expressions_.size()));
      strength[pick->first] = uniform(*random);
    }
    if (strength.count("mouthClose") > 0) strength["mouthClose"] *= strength["jawOpen"];
    for (const auto& [name, value] : strength) face += value * expressions_.at(name);
    return face;
  }

 private:
  static Points68 points(const nlohmann::json& json) {
    Points68 out;
    for (int i = 0; i < core::kLandmarks; ++i)
      for (int k = 0; k < 3; ++k) out(i, k) = json.at(std::size_t(i)).at(std::size_t(k)).get<float>();
    return out;
  }
  Points68 neutral_;
  std::vector<Points68> identities_;
  std::map<std::string, Points68> expressions_;
};

std::vector<KnownFace> ict_faces(std::size_t first, std::size_t last) {
  IctFaces ict;
  std::mt19937 random(7);
  std::vector<KnownFace> faces;
  for (int i = 0; i < kFaces; ++i) faces.push_back(see(ict.random_face(first, last, &random), &random));
  return faces;
}

TEST(Accuracy, FacesDrawnFromTheModelItself) {
  std::mt19937 random(5);
  const FaceModel& model = committed_model();
  std::vector<KnownFace> faces;
  for (int i = 0; i < kFaces; ++i)
    faces.push_back(see(landmarks_of(model, random_coefficients(model.identity_count(), 1, &random),
                                     random_coefficients(model.expression_count(), 0.7F, &random)),
                        &random));
  expect_accurate("the model's own faces", measure(faces));
}

// The literal reading of the requirement: the held-out identities alone. They are ICT's finest details, so
// these faces are near its mean, and the next test is the harder one.
TEST(Accuracy, HeldOutIdentities) {
  if (!std::filesystem::exists(IctFaces::path())) GTEST_SKIP() << "no " << IctFaces::path();
  expect_accurate("ICT identities 80-99", measure(ict_faces(80, 100)));
}

// People as varied as ICT's: all hundred identities, of which the last twenty were never trained on.
TEST(Accuracy, AllIdentities) {
  if (!std::filesystem::exists(IctFaces::path())) GTEST_SKIP() << "no " << IctFaces::path();
  expect_accurate("ICT identities 0-99", measure(ict_faces(0, 100)));
}

}  // namespace
}  // namespace resyncer::mesh
