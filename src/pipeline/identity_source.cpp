#include "pipeline/identity_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <iterator>

#include "pipeline/mouth_plan.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/render.h"

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

constexpr std::size_t kMostFiles = 200;                         // of a folder
constexpr std::size_t kMostPictures = 400, kFewestOfAFile = 4;  // that lend, some 0.3 MB each
constexpr std::array kSuffixes = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff",
                                  ".mp4", ".mov",  ".mkv", ".avi", ".webm", ".m4v", ".mpg"};
// Frames that tell as much of a face at rest as is known of all faces: of brows and eyes any, of the mouth
// those with shut lips. Who smiles from the first frame to the last has no other mouth at rest for it.
constexpr float kFewFrames = 0.25F;
constexpr float kNearlyShut = 0.1F;  // openness

bool is_picture_or_video(const fs::path& file) {
  std::string suffix = file.extension().string();
  for (char& c : suffix) c = char(std::tolower(static_cast<unsigned char>(c)));
  return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end();
}

void append(References from, References* to) {
  std::move(from.entries.begin(), from.entries.end(), std::back_inserter(to->entries));
  std::move(from.references.begin(), from.references.end(), std::back_inserter(to->references));
}

// Keeps so many, evenly.
void thin(std::size_t most, std::vector<BankFrame>* bank) {
  if (bank->size() <= most) return;
  std::vector<BankFrame> kept;
  for (std::size_t k = 0; k < most; ++k) kept.push_back(std::move((*bank)[k * bank->size() / most]));
  *bank = std::move(kept);
}

constexpr float kSpare = 1.1F;  // of resolution: what is a little larger is sampled as it is

}  // namespace

std::vector<fs::path> identity_files(const fs::path& path) {
  std::error_code failed;
  if (!fs::exists(path, failed))
    throw Error(ErrorKind::input, "there is no such picture, video or folder to take the identity from",
                path.string());
  if (!fs::is_directory(path, failed)) return {path};
  std::vector<fs::path> files;
  for (fs::directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code unknown;
    if (at->is_regular_file(unknown) && is_picture_or_video(at->path())) files.push_back(at->path());
  }
  if (failed) throw Error(ErrorKind::input, "the folder cannot be read: " + failed.message(), path.string());
  if (files.empty())
    throw Error(ErrorKind::input, "the folder has no pictures or videos of the identity", path.string(),
                "put .jpg, .png or .mp4 files of one person there");
  if (files.size() > kMostFiles)
    throw Error(ErrorKind::input,
                "the folder has " + std::to_string(files.size()) + " pictures and videos, at most " +
                    std::to_string(kMostFiles) + " are used for an identity",
                path.string(), "choose the best of them");
  std::sort(files.begin(), files.end());
  return files;
}

Eigen::VectorXf resting_expression(const mesh::FaceModel& model, const std::vector<const FittedFace*>& faces,
                                   const fs::path& motion) {
  FittedFace all;
  all.identity = faces.front()->identity;
  Eigen::VectorXf sum = Eigen::VectorXf::Zero(model.expression_count());
  int shut = 0;
  for (const FittedFace* face : faces)
    for (std::size_t i = 0; i < face->frames.size(); ++i) {
      if (!face->frames[i] || face->weight[i] <= 0) continue;
      all.frames.push_back(face->frames[i]);
      all.weight.push_back(face->weight[i]);
      const Eigen::VectorXf& expression = face->frames[i]->expression;
      sum += expression;
      shut += mesh::lip_openness(mesh::control_vertices(model, face->identity, expression)) < kNearlyShut;
    }
  if (all.frames.empty()) return sum;
  const float frames = float(all.frames.size());
  Eigen::VectorXf rest = sum / (frames + kFewFrames);
  rest.head(model.speech_count) =
      rest_pose(model, all, motion).mesh * (float(shut) / (float(shut) + kFewFrames));
  return rest;
}

void limit_resolution(float px_per_cm, References* references) {
  for (generator::Reference& reference : references->references) {
    const float own = mesh::px_per_cm(reference.dense);
    const float scale = kSpare * px_per_cm / std::max(own, 1e-3F);
    if (!(scale > 0 && scale < 1 / kSpare)) continue;
    core::ImageU8 reduced;
    resample(reference.image, core::Affine2(Eigen::Scaling(scale)),
             std::max(8, int(std::lround(scale * float(reference.image.width)))),
             std::max(8, int(std::lround(scale * float(reference.image.height)))), &reduced);
    reference.image = std::move(reduced);
    reference.dense *= scale;
  }
}

mesh::Vertices mean_misfit(const std::vector<const Analysis*>& analyses, const std::vector<FittedFace>& faces,
                           const mesh::FaceModel& model) {
  mesh::Vertices sum = mesh::Vertices::Zero(core::kLandmarks, 3);
  int frames = 0;
  for (std::size_t k = 0; k < faces.size(); ++k)
    for (std::size_t i = 0; i < faces[k].frames.size(); ++i) {
      const core::FaceObservation* seen = faces[k].smoothed(*analyses[k], std::int64_t(i));
      if (!faces[k].frames[i] || seen == nullptr || faces[k].weight[i] <= 0) continue;
      const mesh::FaceParams& params = *faces[k].frames[i];
      const mesh::Vertices fitted =
          mesh::project(mesh::control_vertices(model, faces[k].identity, params.expression),
                        params.camera_from_head, faces[k].camera);
      const float cm = params.camera_from_head.translation().z() / faces[k].camera.focal_px;  // a px
      const Eigen::Matrix3f head_from_camera = params.camera_from_head.rotation().transpose();
      for (int l = 0; l < core::kLandmarks; ++l) {
        const core::Point2 missing = seen->landmarks[std::size_t(l)] - fitted.row(l).head<2>().transpose();
        sum.row(l) += head_from_camera * Eigen::Vector3f(cm * missing.x(), cm * missing.y(), 0);
      }
      ++frames;
    }
  sum.col(2).setZero();
  return sum / float(std::max(frames, 1));
}

IdentitySource load_identity(const fs::path& path, const mesh::FaceModel& model, const fs::path& motion,
                             const AnalysisOptions& options, const CacheOptions& cache,
                             const ProgressSink& progress) {
  std::vector<Analysis> analyses;
  const std::vector<fs::path> files = identity_files(path);
  const std::size_t share = std::max(kFewestOfAFile, kMostPictures / files.size());
  for (const fs::path& file : files) {
    analyses.push_back(analyse_cached(file, options, cache, progress));
    thin(share, &analyses.back().bank);
  }
  std::vector<const Analysis*> all;
  all.reserve(analyses.size());
  for (const Analysis& a : analyses) all.push_back(&a);
  IdentitySource source;
  std::vector<FittedFace> faces;
  try {
    faces = fit_together(all, model);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::face) throw;
    throw Error(ErrorKind::face, "no usable face was found to take the identity from", path.string(),
                "choose pictures in which the face is seen from the front");
  }
  source.identity = faces.front().identity;
  source.misfit = mean_misfit(all, faces, model);
  for (std::size_t k = 0; k < analyses.size(); ++k)
    append(take_references(&analyses[k], faces[k], model), &source.references);
  if (source.references.references.empty())
    throw Error(ErrorKind::face, "no picture shows the face of the identity well enough to lend it",
                path.string(), "choose larger pictures, from the front");
  std::vector<const FittedFace*> fitted;
  fitted.reserve(faces.size());
  for (const FittedFace& face : faces) fitted.push_back(&face);
  source.rest = resting_expression(model, fitted, motion);
  return source;
}

}  // namespace resyncer::pipeline
