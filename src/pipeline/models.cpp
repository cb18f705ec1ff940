#include "resyncer/pipeline/models.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <system_error>

#include "resyncer/core/error.h"
#include "resyncer/generator/rewired_generator.h"
#include "resyncer/identity/recogniser.h"
#include "resyncer/mesh/face_model.h"
#include "resyncer/motion/sync_former.h"
#include "resyncer/pipeline/content_hash.h"
#include "resyncer/speech/encoder.h"
#include "resyncer/speech/features.h"
#include "resyncer/sync/judge.h"
#include "resyncer/sync/mouth.h"

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

fs::path binary_folder() {
  std::error_code error;
  fs::path binary = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path(".") : binary.parent_path();
}

fs::path models_folder(const std::optional<fs::path>& chosen) {
  if (chosen) return *chosen;
  if (const char* variable = std::getenv("RESYNCER_MODELS"); variable != nullptr && *variable != '\0')
    return variable;
  fs::path beside = binary_folder() / "models";
  std::error_code ignored;
  return fs::exists(beside / "manifest.json", ignored)
             ? beside
             : binary_folder().parent_path() / "share/resyncer/models";
}

ModelEntry read_entry(const nlohmann::json& json, const fs::path& folder) {
  ModelEntry entry;
  entry.id = json.at("id").get<std::string>();
  entry.version = json.at("version").get<std::string>();
  fs::path file = json.at("file").get<std::string>();
  if (file.is_absolute() || file.has_parent_path())
    throw std::invalid_argument("'file' must be a plain name");
  entry.file = folder / file;
  if (!json.at("bytes").is_number_unsigned()) throw std::invalid_argument("'bytes' must be a whole number");
  entry.bytes = json["bytes"].get<std::uintmax_t>();
  entry.sha256 = json.at("sha256").get<std::string>();
  entry.licence = json.at("licence").get<std::string>();
  entry.data = json.at("data").get<std::string>();
  entry.commit = json.at("commit").get<std::string>();
  entry.input_contract = json.at("input_contract").get<std::string>();
  if (json.contains("probe"))
    entry.probe = Probe{json["probe"].at("mean").get<double>(), json["probe"].at("deviation").get<double>()};
  return entry;
}

// A pseudo-random sequence that is the same on every machine and library version.
class ProbeNumbers {
 public:
  float uniform() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return float(state_ >> 40) / float(1 << 24);
  }

 private:
  std::uint64_t state_ = 20240807;
};

template <typename Range>
Probe statistics(const Range& values) {
  double sum = 0, squares = 0;
  for (float v : values) {
    sum += v;
    squares += double(v) * v;
  }
  double n = double(values.size()), mean = sum / n;
  return {mean, std::sqrt(std::max(0.0, squares / n - mean * mean))};
}

Probe probe_face_model(const fs::path& file) {
  mesh::FaceModel model = mesh::load_face_model(file);
  ProbeNumbers numbers;
  Eigen::VectorXf id(model.identity_count()), exp(model.expression_count());
  for (auto& v : id) v = numbers.uniform() - 0.5F;
  for (auto& v : exp) v = numbers.uniform() - 0.5F;
  mesh::Vertices dense = mesh::dense_vertices(model, mesh::control_vertices(model, id, exp));
  return statistics(std::vector<float>(dense.data(), dense.data() + dense.size()));
}

Probe probe_motion(const fs::path& file) {
  ProbeNumbers numbers;
  core::FeatureSequence mel{100, speech::kMelBands, speech::kMelRate, {}};
  mel.values.resize(static_cast<std::size_t>(mel.frames) * mel.dims);
  for (auto& v : mel.values) v = 2 * numbers.uniform() - 1;
  core::FeatureSequence features = speech::SpeechEncoder(file).encode(mel);
  motion::StyleSyncFormer former(file);
  Eigen::VectorXf rest = Eigen::VectorXf::Zero(former.coefficient_count());
  std::vector<bool> speaking(static_cast<std::size_t>(features.frames), true);
  motion::MotionTrack track = former.predict(features, {}, speaking, rest);
  return statistics(
      std::vector<float>(track.expression.data(), track.expression.data() + track.expression.size()));
}

Probe probe_generator(const fs::path& file) {
  generator::GeneratorOptions options;
  options.precision = generator::Precision::fp32;
  options.use_cuda = false;
  generator::RewiredGenerator net(file, options);
  ProbeNumbers numbers;
  generator::Guidance guidance;
  guidance.side = net.side();
  guidance.planes = core::ImageF(net.side(), net.side(), generator::kGuidancePlanes);
  for (auto& v : guidance.planes.data) v = numbers.uniform();
  generator::Painting painting;
  net.paint(guidance, &painting);
  return statistics(painting.residual.data);
}

// A mouth and a sound of a random kind, and how well they go together from moment to moment.
Probe probe_sync(const fs::path& file, const std::string& kind) {
  sync::SyncJudge judge(file, kind);
  ProbeNumbers numbers;
  sync::SyncClip clip;
  clip.rows = 60;
  clip.seen.assign(std::size_t(clip.rows), 1.F);
  clip.meshes.resize(static_cast<std::size_t>(clip.rows) * judge.coefficient_count());
  for (auto& v : clip.meshes) v = numbers.uniform() - 0.5F;
  if (judge.needs_mouths())
    clip.mouths.resize(static_cast<std::size_t>(clip.rows) * sync::kMouthHeight * sync::kMouthWidth);
  for (auto& v : clip.mouths) v = std::uint8_t(255 * numbers.uniform());
  clip.mel = {4 * clip.rows, speech::kMelBands, speech::kMelRate, {}};
  clip.mel.values.resize(static_cast<std::size_t>(clip.mel.frames) * clip.mel.dims);
  for (auto& v : clip.mel.values) v = 2 * numbers.uniform() - 1;
  const sync::SyncTrace trace = judge.trace(clip);
  std::vector<float> scores;
  scores.reserve(std::size_t(trace.count));
  for (int k = 0; k < trace.count; ++k)
    scores.push_back(float(sync::score(trace, k, 1, trace, 2 * k).value_or(0)));
  return statistics(scores);
}

Probe probe_identity(const fs::path& file) {
  const identity::Recogniser recogniser(file);
  ProbeNumbers numbers;
  core::ImageU8 picture(identity::kFacePicture, identity::kFacePicture, 1);
  for (auto& v : picture.data) v = std::uint8_t(255 * numbers.uniform());
  return statistics(recogniser.describe(picture));
}

bool close(double a, double b) { return std::abs(a - b) <= 1e-3 + 0.01 * std::abs(b); }

}  // namespace

const ModelEntry& ModelSet::get(const std::string& id) const {
  for (const auto& entry : entries)
    if (entry.id == id) return entry;
  throw Error(ErrorKind::model, "the manifest has no model '" + id + "'", (folder / "manifest.json").string(),
              "install the weights of this version");
}

ModelSet find_models(const std::optional<fs::path>& chosen) {
  ModelSet set;
  set.folder = models_folder(chosen);
  fs::path manifest = set.folder / "manifest.json";
  std::ifstream stream(manifest);
  if (!stream)
    throw Error(ErrorKind::model, "the model manifest cannot be read", manifest.string(),
                "name the models' folder with --models or RESYNCER_MODELS");
  try {
    nlohmann::json json = nlohmann::json::parse(stream);
    for (const auto& model : json.at("models")) set.entries.push_back(read_entry(model, set.folder));
  } catch (const std::exception& e) {
    throw Error(ErrorKind::model, std::string("the model manifest is malformed (") + e.what() + ")",
                manifest.string(), "install the weights again");
  }
  return set;
}

void check_file(const ModelEntry& entry) {
  std::error_code error;
  auto bytes = fs::file_size(entry.file, error);
  const char* remedy = "install the weights again";
  if (error) throw Error(ErrorKind::model, "the weights are missing", entry.file.string(), remedy);
  if (bytes != entry.bytes)
    throw Error(ErrorKind::model,
                "has " + std::to_string(bytes) + " bytes, the manifest says " + std::to_string(entry.bytes),
                entry.file.string(), remedy);
  if (content_hash(entry.file) != entry.sha256)
    throw Error(ErrorKind::model, "the SHA-256 differs from the manifest's", entry.file.string(), remedy);
}

generator::GeneratorOptions with_person(const ModelSet& set, const fs::path& person) {
  generator::GeneratorOptions options;
  if (person.empty()) return options;
  check_file(set.get("generator"));
  options.person = person;
  options.base = set.get("generator").sha256;
  return options;
}

Probe run_probe(const ModelSet& set, const std::string& id) {
  const ModelEntry& entry = set.get(id);
  if (id == "face-model") return probe_face_model(entry.file);
  if (id == "motion") return probe_motion(entry.file);
  if (id == "generator") return probe_generator(entry.file);
  if (id == "sync-judge" || id == "sync-expert") return probe_sync(entry.file, id);
  if (id == "identity") return probe_identity(entry.file);
  throw Error(ErrorKind::model, "unknown model id '" + id + "'", (set.folder / "manifest.json").string());
}

void verify(const ModelSet& set, const std::string& id) {
  const ModelEntry& entry = set.get(id);
  check_file(entry);
  Probe now = run_probe(set, id);
  if (!entry.probe) return;
  if (!close(now.mean, entry.probe->mean) || !close(now.deviation, entry.probe->deviation))
    throw Error(ErrorKind::model,
                "the probe gives mean " + std::to_string(now.mean) + ", deviation " +
                    std::to_string(now.deviation) + "; the manifest says " +
                    std::to_string(entry.probe->mean) + " and " + std::to_string(entry.probe->deviation),
                entry.file.string(), "this program and these weights do not belong together");
}

}  // namespace resyncer::pipeline
